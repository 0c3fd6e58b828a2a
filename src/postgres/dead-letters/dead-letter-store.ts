/** Dead letters are messages that no broker took, kept in order until they are redriven (ADR 0006). */
import { groupCommit, type GroupCommitOptions } from '../../flow-control/group-commit.js';
import { sendCopies } from '../../domain/dead-letters/copy.js';
import type {
  DeadLetter,
  DeadLetterFilter,
  DeadLetterStore,
  DeadLetterOutlet,
  NewDeadLetter,
  RedrivePage,
} from '../../domain/dead-letters/port.js';
import { orderOf, type OutboundMessage } from '../../domain/events/publisher.js';
import { isoUtc } from '../core/instant.js';
import type { LedgerRecord } from '../../domain/ledger/port.js';
import { recordFirst } from '../ledger/ledger.js';
import { type Pool, type Transaction, withConnection, withTransaction } from '../core/pool.js';

export function createDeadLetterStore(pool: Pool, options: GroupCommitOptions = {}): DeadLetterStore {
  const blockedTogether = groupCommit<OutboundMessage, boolean>(
    (messages) => withConnection(pool, (connection) => findBlocked(connection, messages)),
    options,
  );
  return {
    blocked: (messages) => blockedTogether(messages),
    add: (letters, records) =>
      withTransaction(pool, async (tx) => {
        const before = await recordFirst(tx, records);
        // The event of such an intent is sent, or a letter. This one may have the same event id and another payload.
        const known = new Set(records.filter((_, index) => before[index] !== undefined).map(eventIdOfRecord));
        const added = letters.filter(({ event_id }) => !known.has(event_id));
        await insertLetters(tx, added);
        return new Map(before.flatMap((record) => (record === undefined ? [] : [[record.intent_id, record] as const])));
      }),
    copied: async (eventIds) => {
      await withConnection(pool, (connection) => markCopied(connection, eventIds));
    },
    list: (filter, after, limit) => withConnection(pool, (connection) => select(connection, filter, after, limit)),
    redrive: (filter, after, limit, outlet) =>
      withTransaction(
        pool,
        async (tx) => {
          await tx.query(`SET LOCAL idle_in_transaction_session_timeout = ${REDRIVE_MS}`);
          // The lock belongs to the transaction: the next redrive waits here until it ends, also when this process
          // dies.
          await tx.query(`SELECT pg_advisory_xact_lock(hashtext('dead_letters'))`);
          return redrivePage(tx, await select(tx, filter, after, limit), limit, outlet);
        },
        { deadlineMs: REDRIVE_MS },
      ),
  };
}

const eventIdOfRecord = ({ result }: Pick<LedgerRecord, 'result'>): unknown => result['event_id'];

/**
 * Milliseconds of a page: for letters and copies, each at most 75 s on their way to a broker (`publishDeadlineMs`), and
 * for their rows.
 */
const REDRIVE_MS = 180_000;

/**
 * Returns SQL for the same topic and key as `letter`. The index holds the key's hash, because a key may be longer than
 * a row of the index.
 */
const SAME_ORDER = (other: string): string =>
  `${other}.topic = letter.topic AND hashtextextended(${other}.message_key, 0) = hashtextextended(letter.message_key, 0)
   AND ${other}.message_key = letter.message_key`;

/**
 * Number of open letters up to which all are looked through here: naming the messages to the server costs more than a
 * few rows do.
 */
const FEW = 100;

async function findBlocked(connection: Transaction, messages: readonly OutboundMessage[]): Promise<boolean[]> {
  const { rows: open } = await connection.query<{ topic: string; message_key: string }>(
    'SELECT topic, message_key FROM dead_letters WHERE redriven_at IS NULL LIMIT $1',
    [FEW + 1],
  );
  if (open.length <= FEW) return areBlocked(messages, open);
  const { rows } = await connection.query<{ topic: string; message_key: string }>(
    `SELECT DISTINCT letter.topic, letter.message_key
     FROM unnest($1::text[], $2::text[]) AS message (topic, message_key) JOIN dead_letters letter ON ${SAME_ORDER('message')}
     WHERE letter.redriven_at IS NULL`,
    [messages.map(({ topic }) => topic), messages.map(({ key }) => key)],
  );
  return areBlocked(messages, rows);
}

function areBlocked(
  messages: readonly OutboundMessage[],
  open: readonly { readonly topic: string; readonly message_key: string }[],
): boolean[] {
  if (open.length === 0) return messages.map(() => false);
  const blocked = new Set(open.map(({ topic, message_key }) => orderOf(topic, message_key)));
  return messages.map(({ topic, key }) => blocked.has(orderOf(topic, key)));
}

async function insertLetters(tx: Transaction, letters: readonly NewDeadLetter[]): Promise<void> {
  await tx.query(
    // Rows are inserted in the order of the batch, because ids decide the order of redrive.
    `INSERT INTO dead_letters (intent_id, event_id, topic, message_key, message_value, headers, failure_reason, retry_attempts)
     SELECT intent_id, event_id, topic, key, value, headers::jsonb, reason, attempts
     FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::integer[])
       WITH ORDINALITY AS letter (intent_id, event_id, topic, key, value, headers, reason, attempts, position)
     ORDER BY position
     ON CONFLICT (event_id) DO NOTHING`,
    [
      letters.map(({ intent_id }) => intent_id),
      letters.map(({ event_id }) => event_id),
      letters.map(({ message }) => message.topic),
      letters.map(({ message }) => message.key),
      letters.map(({ message }) => message.value),
      letters.map(({ message }) => JSON.stringify(message.headers)),
      letters.map(({ failure_reason }) => failure_reason),
      letters.map(({ retry_attempts }) => retry_attempts),
    ],
  );
}

async function markCopied(connection: Transaction, eventIds: readonly string[]): Promise<void> {
  if (eventIds.length === 0) return;
  await connection.query(
    `UPDATE dead_letters SET copied_at = clock_timestamp() WHERE event_id = ANY ($1::uuid[]) AND copied_at IS NULL`,
    [eventIds],
  );
}

interface StoredLetter extends DeadLetter {
  readonly copied: boolean;
  /** The open letter of the same topic and key before this one; null: this one is the first. */
  readonly previous: number | null;
}

async function select(
  connection: Transaction,
  { topic, since, ids, maxRedrives }: DeadLetterFilter,
  after: number,
  limit: number,
): Promise<StoredLetter[]> {
  interface Row extends Omit<StoredLetter, 'message'> {
    readonly topic: string;
    readonly message_key: string;
    readonly message_value: string;
    readonly headers: Record<string, string>;
  }
  const { rows } = await connection.query<Row>(
    `SELECT id, intent_id, event_id, topic, message_key, message_value, headers, failure_reason, retry_attempts,
       redrive_count, copied_at IS NOT NULL AS copied, ${isoUtc('created_at')} AS created_at,
       (SELECT other.id FROM dead_letters other
        WHERE other.redriven_at IS NULL AND ${SAME_ORDER('other')} AND other.id < letter.id
        ORDER BY other.topic, hashtextextended(other.message_key, 0), other.id DESC LIMIT 1) AS previous
     FROM dead_letters letter
     WHERE redriven_at IS NULL AND id > $1
       AND ($2::text IS NULL OR topic = $2) AND ($3::timestamptz IS NULL OR created_at >= $3)
       AND ($4::bigint[] IS NULL OR id = ANY ($4)) AND ($5::integer IS NULL OR redrive_count < $5)
     ORDER BY id LIMIT $6`,
    [after, topic ?? null, since ?? null, ids ?? null, maxRedrives ?? null, limit],
  );
  return rows.map(({ topic: name, message_key, message_value, headers, ...letter }) => ({
    ...letter,
    message: { topic: name, key: message_key, value: message_value, headers },
  }));
}

async function redrivePage(
  tx: Transaction,
  page: readonly StoredLetter[],
  limit: number,
  outlet: DeadLetterOutlet,
): Promise<RedrivePage> {
  const due = withNothingBefore(page);
  // The publish is strict: a letter that is at fault itself stays open, and the letters behind it stay open with it.
  const outcomes = await outlet.publisher.publish(
    due.map(({ message }) => message),
    { strict: true },
  );
  const sent = due.filter((_, index) => outcomes[index]?.sent === true);
  const refused = due.flatMap((letter, index) => {
    const outcome = outcomes[index];
    return outcome?.sent === false && outcome.behind !== true ? [{ letter, error: outcome.error }] : [];
  });
  const unavailable = refused.find(({ error }) => error.failureClass === 'unavailable');
  await markRedriven(tx, sent);
  await markRefused(tx, unavailable === undefined ? refused : []);
  if (unavailable === undefined) await copyOpen(tx, page, new Set(sent), outlet);
  return {
    redriven: sent.length,
    failed: refused.length,
    behind: page.length - sent.length - refused.length,
    next: unavailable === undefined && page.length === limit ? (page.at(-1)?.id ?? null) : null,
    stopped: unavailable?.error.message ?? null,
  };
}

/** Returns the letters of the page that have no older open letter of their topic and key outside of it. */
function withNothingBefore(page: readonly StoredLetter[]): StoredLetter[] {
  const due = new Set<number>();
  return page.filter(({ id, previous }) => {
    if (previous !== null && !due.has(previous)) return false;
    due.add(id);
    return true;
  });
}

/**
 * Marks letters as redriven. The ledger follows, so that a repeat of the intent says that its event is on its topic.
 */
async function markRedriven(tx: Transaction, letters: readonly StoredLetter[]): Promise<void> {
  if (letters.length === 0) return;
  await tx.query(
    `WITH redriven AS (
       UPDATE dead_letters SET redriven_at = clock_timestamp(), last_attempt_at = clock_timestamp()
       WHERE id = ANY ($1::bigint[]) RETURNING intent_id, event_id)
     UPDATE executed_intents SET outcome = outcome || '{"event_published": true}'
     FROM redriven
     WHERE executed_intents.intent_id = redriven.intent_id AND outcome ->> 'event_id' = redriven.event_id::text`,
    [letters.map(({ id }) => id)],
  );
}

async function markRefused(
  tx: Transaction,
  refused: readonly { readonly letter: StoredLetter; readonly error: Error }[],
): Promise<void> {
  if (refused.length === 0) return;
  await tx.query(
    `UPDATE dead_letters SET redrive_count = redrive_count + 1, last_attempt_at = clock_timestamp(), failure_reason = reason
     FROM unnest($1::bigint[], $2::text[]) AS refused (id, reason) WHERE dead_letters.id = refused.id`,
    [refused.map(({ letter }) => letter.id), refused.map(({ error }) => error.message)],
  );
}

/** Sends the `.dlq` copies that no broker could take when the letters were stored. */
async function copyOpen(
  tx: Transaction,
  page: readonly StoredLetter[],
  sent: ReadonlySet<StoredLetter>,
  outlet: DeadLetterOutlet,
): Promise<void> {
  const uncopied = page.filter((letter) => !letter.copied && !sent.has(letter));
  await markCopied(tx, await sendCopies(uncopied, ({ created_at }) => created_at, outlet));
}
