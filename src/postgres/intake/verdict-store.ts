/** This adapter keeps the verdicts on the lists of the intake, in `intake_verdicts` (ADR 0009, ADR 0032). */
import { type AnsweredList, isFinal, type SliceList } from '../../domain/intake/list.js';
import type { Answer, StoredVerdict, VerdictStore } from '../../domain/intake/ports.js';
import { LOCAL_STATEMENT_MS } from '../../domain/time-outs.js';
import { isoUtc } from '../core/instant.js';
import { halve } from '../../domain/values/halve.js';
import { type Pool, withConnection } from '../core/pool.js';
import { toEffectError } from '../core/sqlstate.js';

export function createVerdictStore(pool: Pool): VerdictStore {
  /** Returns rows of `intake_verdicts`, by event id. */
  async function read<Row extends object>(
    columns: string,
    eventIds: readonly string[],
    withinMs?: number,
  ): Promise<Map<string, Row>> {
    if (eventIds.length === 0) return new Map();
    const { rows } = await withConnection(
      pool,
      (connection) =>
        connection.query<Row & { event_id: string }>(
          `SELECT event_id, ${columns} FROM intake_verdicts WHERE event_id = ANY ($1::text[])`,
          [eventIds],
        ),
      withinMs,
    );
    return new Map(rows.map(({ event_id, ...row }) => [event_id, row as unknown as Row]));
  }

  const find = (eventIds: readonly string[], withinMs?: number): Promise<Map<string, StoredVerdict>> =>
    read<StoredVerdict>(`verdict, ${HASH}`, eventIds, withinMs);

  return {
    find,

    answered: (eventIds) =>
      read<AnsweredList>(
        `list IS NULL AS final, ${isoUtc('emitted_at')} AS emitted_at, ${isoUtc('rerun_at')} AS rerun_at, ${HASH}`,
        eventIds,
        LOCAL_STATEMENT_MS,
      ),

    async conflicting(lists) {
      const { rows } = await withConnection(
        pool,
        (connection) =>
          connection.query<{ request_id: string }>(
            `SELECT request_id FROM unnest($1::text[], $2::text[]) AS asked (request_id, list_hash)
             WHERE EXISTS (
               SELECT FROM intake_verdicts AS stored
               WHERE stored.request_id = asked.request_id AND stored.list_hash <> decode(asked.list_hash, 'hex')
                 AND stored.verdict ->> 'shared' = 'true' AND stored.verdict ->> 'outcome' IN ('completed', 'partial')
             )`,
            [lists.map(({ request_id }) => request_id), lists.map(({ list_hash }) => list_hash)],
          ),
        LOCAL_STATEMENT_MS,
      );
      return new Set(rows.map(({ request_id }) => request_id));
    },

    async unfinished(eventId) {
      const rows = await read<StoredVerdict & { list: SliceList | null }>(`list, verdict, ${HASH}`, [eventId]);
      const { list = null, ...stored } = rows.get(eventId) ?? {};
      return list === null ? null : { ...(stored as StoredVerdict), list };
    },

    async store(answers) {
      const { stored, taken } = await insertEach(pool, answers);
      return new Map([
        ...stored.map(({ verdict, list_hash }) => [verdict.event_id, { verdict, list_hash }] as const),
        ...(await find(taken.map(({ verdict }) => verdict.event_id))),
      ]);
    },
  };
}

/** The hash of the list, hexadecimal; NULL for a verdict of before there were hashes. */
const HASH = `encode(list_hash, 'hex') AS list_hash`;

/**
 * Inserts answers. One that the database cannot hold fails none of its neighbours: it is stored without its results and
 * its list. Where not even its event id can be stored it counts as stored, so that it is published at least.
 * @throws the error of the database when it takes not one of them: then no answer is at fault, and none is published.
 */
async function insertEach(pool: Pool, answers: readonly Answer[]) {
  const [stored, taken, nameless]: [Answer[], Answer[], Answer[]] = [[], [], []];
  await halve(answers, async (part) => {
    const inserted = await insertValid(pool, part);
    if (inserted === null && part.length > 1) return true;
    const rows = inserted === null ? part.map(withoutDetails) : part;
    const ids = inserted ?? (await insertValid(pool, rows));
    for (const row of rows) (ids === null ? nameless : ids.has(row.verdict.event_id) ? stored : taken).push(row);
    return false;
  });
  if (nameless.length > 0 && nameless.length === answers.length) await insert(pool, nameless);
  return { stored: [...stored, ...nameless], taken };
}

/** @returns null when the database cannot hold one of the answers. */
async function insertValid(pool: Pool, answers: readonly Answer[]): Promise<ReadonlySet<string> | null> {
  try {
    return await insert(pool, answers);
  } catch (error) {
    if (toEffectError(error).failureClass === 'invalid') return null;
    throw error;
  }
}

/** Returns the answer without the texts of callers and stores, but for its event id. */
const withoutDetails = ({ verdict, list_hash, list }: Answer): Answer => {
  const { error: _error, ...rest } = verdict;
  const { request_id: _id, ...bare } = list;
  const { event_id } = rest;
  return {
    list: { ...bare, intents: [] },
    list_hash,
    verdict: { ...rest, correlation_id: event_id, request_id: event_id, results: [], truncated: true },
  };
};

/** Inserts answers, or replaces those of earlier runs. @returns the event ids of those that are stored now. */
async function insert(pool: Pool, answers: readonly Answer[]): Promise<ReadonlySet<string>> {
  const verdicts = answers.map(({ verdict }) => verdict);
  const { rows } = await withConnection(pool, (connection) =>
    connection.query<{ event_id: string }>(
      `INSERT INTO intake_verdicts AS stored (event_id, list_hash, verdict, emitted_at, list, request_id)
       SELECT event_id, decode(list_hash, 'hex'), verdict, emitted_at, list::json, request_id
       FROM ROWS FROM (
         unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $6::text[]), json_array_elements($5::json)
       ) AS given (event_id, list_hash, emitted_at, list, request_id, verdict) ORDER BY event_id
       ON CONFLICT (event_id) DO UPDATE SET
         verdict = EXCLUDED.verdict, rerun_at = EXCLUDED.emitted_at, list = EXCLUDED.list, stored_at = clock_timestamp()
       WHERE stored.list IS NOT NULL AND stored.list_hash = EXCLUDED.list_hash
         AND EXCLUDED.emitted_at > COALESCE(stored.rerun_at, stored.emitted_at, '-infinity')
       RETURNING event_id`,
      [
        verdicts.map(({ event_id }) => event_id),
        answers.map(({ list_hash }) => list_hash),
        answers.map(({ list }) => list.emitted_at ?? null),
        // The list of a final verdict is never executed again, and an empty one has nothing to execute.
        answers.map(({ list, verdict }) =>
          isFinal(verdict) || list.intents.length === 0 ? null : JSON.stringify(list),
        ),
        JSON.stringify(verdicts),
        answers.map(({ list }) => list.request_id ?? null),
      ],
    ),
  );
  return new Set(rows.map(({ event_id }) => event_id));
}
