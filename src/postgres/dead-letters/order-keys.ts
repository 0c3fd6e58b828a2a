/**
 * This module walks the open letters key by key. Only the first letter of a key may be sent, so a redrive does not read
 * what is behind it (ADR 0006).
 */
import type { DeadLetterFilter } from '../../domain/dead-letters/port.js';
import type { Transaction } from '../core/pool.js';

/** The index holds the hash of a key, because a key may be longer than a row of the index. */
export const keyHash = (table: string): string => `hashtextextended(${table}.message_key, 0)`;

/** A position among the open letters by topic, hash of the key, and id, as their index has them. */
export type Position = readonly [topic: string, hash: string, id: string];

const LOWEST = '-9223372036854775808';
const HIGHEST = '9223372036854775807';

/**
 * Returns where a page begins. After a letter that was redriven it is that letter's key, which may have more letters.
 * After a letter that is still open it is the next key.
 * @param after the last letter of the page before; one that does not exist: the first key.
 */
export async function startAfter(connection: Transaction, after: number): Promise<Position> {
  const { rows } = await connection.query<{ topic: string; hash: string; open: boolean }>(
    `SELECT topic, ${keyHash('letter')}::text AS hash, redriven_at IS NULL AS open FROM dead_letters letter WHERE id = $1`,
    [after],
  );
  const [letter] = rows;
  return letter === undefined ? ['', LOWEST, '0'] : [letter.topic, letter.hash, letter.open ? HIGHEST : '0'];
}

/** Returns SQL for whether `letter` is chosen; the filter is in the parameters from `first` on. */
export const isChosen = (first: number): string =>
  `($${first}::text IS NULL OR letter.topic = $${first})
   AND ($${first + 1}::timestamptz IS NULL OR letter.created_at >= $${first + 1})
   AND ($${first + 2}::bigint[] IS NULL OR letter.id = ANY ($${first + 2}))
   AND ($${first + 3}::integer IS NULL OR letter.redrive_count < $${first + 3})`;

/** Returns the parameters of `isChosen`. */
export const chosenBy = ({ topic, since, ids, maxRedrives }: DeadLetterFilter): unknown[] => [
  topic ?? null,
  since ?? null,
  ids ?? null,
  maxRedrives ?? null,
];

/** A head is the first open letter of a topic and key. Keys with one hash count as one: they wait for each other. */
export interface Head {
  readonly topic: string;
  readonly hash: string;
  readonly refused: boolean;
}

/** Returns the chosen heads after a position, `limit` at most. Every step of the walk is one look into the index. */
export async function headsAfter(
  connection: Transaction,
  start: Position,
  filter: DeadLetterFilter,
  limit: number,
): Promise<Head[]> {
  const first = (position: string): string =>
    `SELECT letter.topic, ${keyHash('letter')} AS hash, letter.id, letter.created_at, letter.redrive_count
     FROM dead_letters letter
     WHERE letter.redriven_at IS NULL AND (letter.topic, ${keyHash('letter')}, letter.id) > (${position})
       AND ($4::text IS NULL OR letter.topic = $4)
     ORDER BY letter.topic, ${keyHash('letter')}, letter.id LIMIT 1`;
  const { rows } = await connection.query<Head>(
    // The recursion goes no further than the LIMIT asks for.
    `WITH RECURSIVE letter AS (
       (${first('$1::text, $2::bigint, $3::bigint')})
       UNION ALL
       SELECT next.* FROM letter AS before CROSS JOIN LATERAL (${first(`before.topic, before.hash, ${HIGHEST}`)}) AS next)
     SELECT topic, hash::text, redrive_count > 0 AS refused FROM letter WHERE ${isChosen(4)} LIMIT $8`,
    [...start, ...chosenBy(filter), limit],
  );
  return rows;
}

/** Returns where the next page begins when a topic takes no more: behind all of the topic's letters. */
export async function lastOfTopic(connection: Transaction, topic: string): Promise<number | null> {
  const { rows } = await connection.query<{ id: number }>(
    `SELECT id FROM dead_letters letter WHERE redriven_at IS NULL AND topic = $1
     ORDER BY topic DESC, ${keyHash('letter')} DESC, id DESC LIMIT 1`,
    [topic],
  );
  return rows[0]?.id ?? null;
}
