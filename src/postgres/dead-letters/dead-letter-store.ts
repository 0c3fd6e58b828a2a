/** Dead letters are messages that no broker took, kept in order until they are redriven (ADR 0006). */
import { groupCommit, type GroupCommitOptions } from '../../flow-control/group-commit.js';
import type { DeadLetterStore, NewDeadLetter } from '../../domain/dead-letters/port.js';
import { orderOf, type OutboundMessage } from '../../domain/events/publisher.js';
import type { LedgerRecord } from '../../domain/ledger/port.js';
import { REDRIVE_LOCK_MS, REDRIVE_MS } from '../../domain/time-outs.js';
import { recordFirst } from '../ledger/ledger.js';
import { type Pool, type Transaction, withConnection, withTransaction } from '../core/pool.js';
import { keyHash } from './order-keys.js';
import { markCopied, openLetters, redrivePage } from './redrive.js';

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
    list: (filter, after, limit) => withConnection(pool, (connection) => openLetters(connection, filter, after, limit)),
    redrive: (filter, after, limit, outlet) =>
      withTransaction(
        pool,
        async (tx) => {
          await tx.query(`SET LOCAL idle_in_transaction_session_timeout = ${REDRIVE_MS}`);
          // The lock belongs to the transaction: the next redrive waits here until it ends, also when this process
          // dies.
          await tx.query(`SET LOCAL lock_timeout = ${REDRIVE_LOCK_MS}`);
          await tx.query(`SELECT pg_advisory_xact_lock(hashtext('dead_letters'))`);
          // A row that is locked after the publish is waited for: a roll-back would send the letters again.
          await tx.query('SET LOCAL lock_timeout TO DEFAULT');
          return redrivePage(tx, filter, after, limit, outlet);
        },
        { deadlineMs: REDRIVE_MS },
      ),
  };
}

const eventIdOfRecord = ({ result }: Pick<LedgerRecord, 'result'>): unknown => result['event_id'];

/**
 * Returns SQL for the same topic and key as `letter`. The index holds the key's hash, because a key may be longer than
 * a row of the index.
 */
const SAME_ORDER = (other: string): string =>
  `${other}.topic = letter.topic AND ${keyHash(other)} = ${keyHash('letter')}
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
