/** This adapter keeps the verdicts on the lists of the intake, in `intake_verdicts` (ADR 0009, ADR 0032). */
import { type AnsweredList, isFinal, type SliceList, type Verdict } from '../../domain/intake/list.js';
import type { VerdictStore } from '../../domain/intake/ports.js';
import { isoUtc } from '../core/instant.js';
import { type Pool, withConnection } from '../core/pool.js';

export function createVerdictStore(pool: Pool): VerdictStore {
  /** Returns rows of `intake_verdicts`, by event id. */
  async function read<Row extends object>(columns: string, eventIds: readonly string[]): Promise<Map<string, Row>> {
    if (eventIds.length === 0) return new Map();
    const { rows } = await withConnection(pool, (connection) =>
      connection.query<Row & { event_id: string }>(
        `SELECT event_id, ${columns} FROM intake_verdicts WHERE event_id = ANY ($1::text[])`,
        [eventIds],
      ),
    );
    return new Map(rows.map((row) => [row.event_id, row]));
  }

  async function find(eventIds: readonly string[]): Promise<Map<string, Verdict>> {
    const rows = await read<{ verdict: Verdict }>('verdict', eventIds);
    return new Map([...rows].map(([id, { verdict }]) => [id, verdict]));
  }

  return {
    find,

    answered: (eventIds) =>
      read<AnsweredList>(
        `list IS NULL AS final, ${isoUtc('emitted_at')} AS emitted_at, ${isoUtc('rerun_at')} AS rerun_at`,
        eventIds,
      ),

    async unfinished(eventId) {
      const row = (await read<{ list: SliceList | null; verdict: Verdict }>('list, verdict', [eventId])).get(eventId);
      return row === undefined || row.list === null ? null : { list: row.list, verdict: row.verdict };
    },

    async store(answers) {
      const verdicts = answers.map(({ verdict }) => verdict);
      const { rows } = await withConnection(pool, (connection) =>
        connection.query<{ event_id: string }>(
          `INSERT INTO intake_verdicts AS stored (event_id, verdict, emitted_at, list)
           SELECT event_id, verdict, emitted_at, list::json
           FROM ROWS FROM (
             unnest($1::text[], $2::timestamptz[], $3::text[]), json_array_elements($4::json)
           ) AS given (event_id, emitted_at, list, verdict) ORDER BY event_id
           ON CONFLICT (event_id) DO UPDATE SET
             verdict = EXCLUDED.verdict, rerun_at = EXCLUDED.emitted_at, list = EXCLUDED.list, stored_at = clock_timestamp()
           WHERE stored.list IS NOT NULL AND EXCLUDED.emitted_at > COALESCE(stored.rerun_at, stored.emitted_at, '-infinity')
           RETURNING event_id`,
          [
            verdicts.map(({ event_id }) => event_id),
            answers.map(({ list }) => list.emitted_at ?? null),
            // The list of a final verdict is never executed again.
            answers.map(({ list, verdict }) => (isFinal(verdict) ? null : JSON.stringify(list))),
            JSON.stringify(verdicts),
          ],
        ),
      );
      const stored = new Set(rows.map(({ event_id }) => event_id));
      const taken = verdicts.map(({ event_id }) => event_id).filter((id) => !stored.has(id));
      return new Map([
        ...verdicts
          .filter(({ event_id }) => stored.has(event_id))
          .map((verdict) => [verdict.event_id, verdict] as const),
        ...(await find(taken)),
      ]);
    },
  };
}
