/** This module makes a database that had the legacy tables, with rows, before it was migrated. */
import { createBridgeStateStore } from '../../../src/postgres/states/bridge-state-store.js';
import { migrate } from '../../../src/postgres/schema/migrate.js';
import { LEGACY_TABLES } from './legacy.js';
import { command, MIGRATIONS, onServer, one, useDatabase } from '../support.js';

export const LEGACY_ROWS = 1_000;

export function useLegacyDatabase() {
  const database = useDatabase({
    foreignRows: 'the legacy system writes beside the service',
    prepare: async (url) => {
      await onServer(async (client) => {
        await client.query(LEGACY_TABLES);
        await client.query(
          `INSERT INTO bridge_states SELECT md5(i::text)::uuid, 'ns' || i % 7, i, 2 * i, '{"by": "before"}', 'OLD', '2025-01-01Z'
         FROM generate_series(1, $1) i`,
          [LEGACY_ROWS],
        );
      }, url);
      await migrate({ url }, { dir: MIGRATIONS });
    },
  });

  const persist = (
    bridge: string,
    namespace: string,
    items: number,
    timestamp: string | null = '2025-10-23T10:00:00Z',
    states = {},
  ) =>
    createBridgeStateStore(database.pool).persist([
      command({
        aggregation_id: bridge,
        aggregated_data: { [namespace]: { total_stamps: items, unique_workflows_count: 1, by: 'us' } },
        fsm_states: states,
        timestamp,
      }),
    ]);
  const rowsOf = async (bridge: string) =>
    (
      await database.pool.query<{ namespace: string; items: number; state: string; by: string }>(
        `SELECT namespace, total_items_aggregated AS items, current_fsm_state AS state, aggregation_metadata ->> 'by' AS by
         FROM bridge_states WHERE bridge_id = $1 ORDER BY namespace`,
        [bridge],
      )
    ).rows;
  /** Reads the sum of all items, the number of rows and the number of keys. */
  const totals = () =>
    one<{ items: number; rows: number; keys: number }>(
      database.pool,
      `SELECT sum(total_items_aggregated)::bigint AS items, count(*)::int AS rows,
         count(DISTINCT (bridge_id, namespace))::int AS keys FROM bridge_states`,
    );
  return { database, persist, rowsOf, totals };
}
