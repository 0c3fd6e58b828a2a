/** This adapter keeps the verdicts on the lists of the intake, in `intake_verdicts` (ADR 0009). */
import type { VerdictStore } from '../../domain/intake/ports.js';
import type { Verdict } from '../../domain/intake/list.js';
import { type Pool, withConnection } from '../core/pool.js';

export function createVerdictStore(pool: Pool): VerdictStore {
  async function find(eventIds: readonly string[], withinMs?: number): Promise<Map<string, Verdict>> {
    if (eventIds.length === 0) return new Map();
    const { rows } = await withConnection(
      pool,
      (connection) =>
        connection.query<{ event_id: string; verdict: Verdict }>(
          'SELECT event_id, verdict FROM intake_verdicts WHERE event_id = ANY ($1::text[])',
          [eventIds],
        ),
      withinMs,
    );
    return new Map(rows.map(({ event_id, verdict }) => [event_id, verdict]));
  }

  return {
    find,
    async store(verdicts) {
      const { rows } = await withConnection(pool, (connection) =>
        connection.query<{ event_id: string }>(
          `INSERT INTO intake_verdicts (event_id, verdict)
           SELECT event_id, verdict FROM ROWS FROM (unnest($1::text[]), json_array_elements($2::json))
             AS given (event_id, verdict) ORDER BY event_id
           ON CONFLICT (event_id) DO NOTHING RETURNING event_id`,
          [verdicts.map(({ event_id }) => event_id), JSON.stringify(verdicts)],
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
