/**
 * This module redrives dead letters. A redrive walks the keys first, and sends the letters of each in their order. Then
 * it sends the `.dlq` copies that no broker could take before.
 */
import { sendCopies } from '../../domain/dead-letters/copy.js';
import type { DeadLetter, DeadLetterFilter, DeadLetterOutlet, RedrivePage } from '../../domain/dead-letters/port.js';
import { orderOf } from '../../domain/events/publisher.js';
import type { EffectError } from '../../domain/failures/failure.js';
import { isoUtc } from '../core/instant.js';
import type { Transaction } from '../core/pool.js';
import { chosenBy, headsAfter, isChosen, keyHash, lastOfTopic, type Position, startAfter } from './order-keys.js';

/**
 * Cursors from this one on belong to the copies: it plus the id of the last copied letter. Ids are far lower. The
 * cursor is one number for both parts, because workers of older versions take it too.
 */
const COPIES = 2 ** 52;

/** Sends the page of letters, or of copies, that follows the cursor `after`. */
export const redrivePage = (
  tx: Transaction,
  filter: DeadLetterFilter,
  after: number,
  limit: number,
  outlet: DeadLetterOutlet,
): Promise<RedrivePage> =>
  after < COPIES
    ? sendLetters(tx, filter, after, limit, outlet)
    : copyLetters(tx, filter, after - COPIES, limit, outlet);

/** Columns of a `DeadLetter`, for `toLetter`. */
const LETTER = `letter.id, letter.intent_id, letter.event_id, letter.topic, letter.message_key, letter.message_value,
  letter.headers, letter.failure_reason, letter.retry_attempts, letter.redrive_count,
  ${isoUtc('letter.created_at')} AS created_at`;

interface LetterRow extends Omit<DeadLetter, 'message'> {
  readonly topic: string;
  readonly message_key: string;
  readonly message_value: string;
  readonly headers: Record<string, string>;
}

const toLetter = ({ topic, message_key, message_value, headers, ...letter }: LetterRow): DeadLetter => ({
  ...letter,
  message: { topic, key: message_key, value: message_value, headers },
});

async function sendLetters(
  tx: Transaction,
  filter: DeadLetterFilter,
  after: number,
  limit: number,
  outlet: DeadLetterOutlet,
): Promise<RedrivePage> {
  const start = await startAfter(tx, after);
  const { letters, last } = await dueLetters(tx, start, filter, limit);
  // The publish is strict: a letter that is at fault itself stays open, and the letters behind it stay open with it.
  const outcomes = await outlet.publisher.publish(
    letters.map(({ message }) => message),
    { strict: true },
  );
  const sent = letters.filter((_, index) => outcomes[index]?.sent === true);
  const stuck = new Set<string>();
  const refused = letters.flatMap((letter, index): Refusal[] => {
    const outcome = outcomes[index];
    const order = orderOf(letter.message.topic, letter.message.key);
    if (outcome?.sent !== false || outcome.behind === true || stuck.has(order)) return [];
    // A request is refused as a whole. Only the first letter of a key counts: the others were behind it.
    stuck.add(order);
    return [{ letter, error: outcome.error }];
  });
  await markRedriven(tx, sent);
  const counts = { redriven: sent.length, failed: refused.length };
  const unavailable = refused.find(({ error }) => error.failureClass === 'unavailable');
  if (unavailable !== undefined) {
    const behind = letters.length - sent.length - refused.length;
    return { ...counts, behind, next: null, stopped: unavailable.error.message };
  }
  await markRefused(tx, refused);
  const end = last ? null : await endOf(tx, letters.at(-1), refused);
  const behind = await countBehind(tx, filter, start, end, refused);
  return { ...counts, behind, next: end ?? (await firstCopies(tx, filter)), stopped: null };
}

/** A `Refusal` is a letter that a broker did not take, with the broker's reason. */
interface Refusal {
  readonly letter: DeadLetter;
  readonly error: EffectError;
}

/**
 * Returns the letters of a page. They are the first ones of their keys, in order, as many as are chosen. Of a key whose
 * first letter was refused before, it is that one: what is behind it follows once it is sent. The page ends with the
 * first key of which letters are left, so that the next page may go on there.
 * @returns `last`: no page follows.
 */
async function dueLetters(
  tx: Transaction,
  start: Position,
  filter: DeadLetterFilter,
  limit: number,
): Promise<{ readonly letters: DeadLetter[]; readonly last: boolean }> {
  const heads = await headsAfter(tx, start, filter, limit);
  const most = heads.map(({ refused }) => (refused ? 1 : limit));
  // One more of each key is read, to know whether letters of it are left. The first one of those ends the page.
  const { rows } = await tx.query<{ id: number; left: boolean }>(
    `SELECT id, position > most AS left FROM (
       SELECT key.number, key.most, letter.id,
         row_number() OVER by_id AS position, bool_and(${isChosen(4)}) OVER by_id AS chosen
       FROM unnest($1::text[], $2::bigint[], $3::integer[]) WITH ORDINALITY AS key (topic, hash, most, number)
       CROSS JOIN LATERAL (
         SELECT * FROM dead_letters letter
         WHERE letter.redriven_at IS NULL AND letter.topic = key.topic AND ${keyHash('letter')} = key.hash
         ORDER BY letter.id LIMIT key.most + 1) AS letter
       WINDOW by_id AS (PARTITION BY key.number ORDER BY letter.id)) AS due
     WHERE chosen ORDER BY number, id LIMIT $8`,
    [heads.map(({ topic }) => topic), heads.map(({ hash }) => hash), most, ...chosenBy(filter), limit + 1],
  );
  const end = rows.findIndex(({ left }, index) => left || index === limit);
  const due = end === -1 ? rows : rows.slice(0, end);
  const { rows: letters } = await tx.query<LetterRow>(
    `SELECT ${LETTER} FROM unnest($1::bigint[]) WITH ORDINALITY AS due (id, number)
     JOIN dead_letters letter USING (id) ORDER BY due.number`,
    [due.map(({ id }) => id)],
  );
  return { letters: letters.map(toLetter), last: end === -1 && heads.length < limit };
}

/** Returns the cursor behind a page: its last letter, or that of a topic which takes no more. */
async function endOf(
  tx: Transaction,
  letter: DeadLetter | undefined,
  refused: readonly Refusal[],
): Promise<number | null> {
  if (letter === undefined) return null;
  const { topic } = letter.message;
  const stopped = refused.some((one) => one.letter.message.topic === topic && one.error.failureClass !== 'invalid');
  return stopped ? lastOfTopic(tx, topic) : letter.id;
}

/** Counts the chosen letters that stay open from the start of a page to its end, and were not refused. */
async function countBehind(
  tx: Transaction,
  filter: DeadLetterFilter,
  start: Position,
  end: number | null,
  refused: readonly Refusal[],
): Promise<number> {
  const [topic, hash, id] = end === null ? [null, null, null] : await startAfter(tx, end);
  const at = `(letter.topic, ${keyHash('letter')}, letter.id)`;
  const { rows } = await tx.query<{ count: number }>(
    `SELECT count(*) FROM dead_letters letter
     WHERE letter.redriven_at IS NULL AND ${at} > ($1::text, $2::bigint, $3::bigint)
       AND ($4::text IS NULL OR ${at} <= ($4::text, $5::bigint, $6::bigint))
       AND letter.id <> ALL ($7::bigint[]) AND ${isChosen(8)}`,
    [...start, topic, hash, id, refused.map(({ letter }) => letter.id), ...chosenBy(filter)],
  );
  return rows[0]?.count ?? 0;
}

/**
 * Marks letters as redriven. The ledger follows, so that a repeat of the intent says that its event is on its topic.
 */
async function markRedriven(tx: Transaction, letters: readonly DeadLetter[]): Promise<void> {
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

async function markRefused(tx: Transaction, refused: readonly Refusal[]): Promise<void> {
  if (refused.length === 0) return;
  await tx.query(
    `UPDATE dead_letters SET redrive_count = redrive_count + 1, last_attempt_at = clock_timestamp(), failure_reason = reason
     FROM unnest($1::bigint[], $2::text[]) AS refused (id, reason) WHERE dead_letters.id = refused.id`,
    [refused.map(({ letter }) => letter.id), refused.map(({ error }) => error.message)],
  );
}

export async function markCopied(connection: Transaction, eventIds: readonly string[]): Promise<void> {
  if (eventIds.length === 0) return;
  await connection.query(
    `UPDATE dead_letters SET copied_at = clock_timestamp() WHERE event_id = ANY ($1::uuid[]) AND copied_at IS NULL`,
    [eventIds],
  );
}

/** Returns the cursor of the first copies; null when none is to be sent. */
async function firstCopies(tx: Transaction, filter: DeadLetterFilter): Promise<number | null> {
  return (await openLetters(tx, filter, 0, 1, UNCOPIED)).length > 0 ? COPIES : null;
}

/** Sends a page of copies. The redrive ends with a page of which no copy is taken: the others would fare no better. */
async function copyLetters(
  tx: Transaction,
  filter: DeadLetterFilter,
  after: number,
  limit: number,
  outlet: DeadLetterOutlet,
): Promise<RedrivePage> {
  const letters = await openLetters(tx, filter, after, limit, UNCOPIED);
  const copied = await sendCopies(letters, ({ created_at }) => created_at, outlet);
  await markCopied(tx, copied);
  const last = letters.at(-1);
  const next = letters.length === limit && copied.length > 0 && last !== undefined ? COPIES + last.id : null;
  return { redriven: 0, failed: 0, behind: 0, next, stopped: null };
}

/** SQL for whether the copy of `letter` is still to be sent. */
const UNCOPIED = 'letter.copied_at IS NULL';

/**
 * Returns open letters that are chosen, oldest first, `limit` at most.
 * @param after the id of the last letter of the page before; 0 for the first.
 * @param condition SQL for what `letter` has to be, too.
 */
export async function openLetters(
  connection: Transaction,
  filter: DeadLetterFilter,
  after: number,
  limit: number,
  condition = 'true',
): Promise<DeadLetter[]> {
  const { rows } = await connection.query<LetterRow>(
    `SELECT ${LETTER} FROM dead_letters letter
     WHERE letter.redriven_at IS NULL AND ${condition} AND letter.id > $1 AND ${isChosen(2)}
     ORDER BY letter.id LIMIT $6`,
    [after, ...chosenBy(filter), limit],
  );
  return rows.map(toLetter);
}
