import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { cutOver } from '../../../src/postgres/schema/cut-over.js';
import { migrate } from '../../../src/postgres/schema/migrate.js';
import { until } from '../../../src/flow-control/until.js';
import { createPool } from '../../../src/postgres/core/pool.js';
import { LEGACY_TABLES } from './legacy.js';
import { databaseUrl, dropDatabase, MIGRATIONS, newName, onServer, one, useDatabase } from '../support.js';

const NAMES = [
  '0001_bridge_states',
  '0002_bridge_states_expand',
  '0003_bridge_cut_over',
  '0004_fsm_transitions',
  '0005_fsm_states',
  '0006_fsm_place_transition',
  '0007_executed_intents',
  '0008_dead_letters',
  '0009_dead_letters_redrive',
  '0010_given_up',
  '0011_ledger_retention',
  '0012_intake_verdicts',
  '0013_fsm_same_place',
  '0014_rollout',
  '0015_intake_parked',
  '0016_fsm_states_upper',
  '0017_rollout_revision',
  '0018_parked_and_letter_keys',
  '0019_fsm_count_before_clock',
  '0020_fsm_ended_on',
  '0021_intake_parked_keys',
  '0022_list_hashes',
  '0023_dead_letter_copies',
  '0024_unfinished_lists',
  '0025_fsm_restamped_duplicate',
  '0026_fsm_state_name',
  '0027_request_ids',
  '0028_parked_behind',
];

/** SQL that reads columns, indexes, constraints, triggers, functions and view definitions, as text. */
const SHAPE = `
  SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable AS line FROM information_schema.columns
    WHERE table_schema = 'public'
  UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
  UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  UNION ALL SELECT definition FROM pg_views WHERE schemaname = 'public'
  ORDER BY 1`;

describe('migrate', () => {
  const names: string[] = [];
  const newUrl = () => {
    const name = newName();
    names.push(name);
    return databaseUrl(name);
  };
  after(() => Promise.all(names.map(dropDatabase)));

  it('creates the database, applies every file in order, and nothing the second time', async () => {
    const url = newUrl();
    const lines: string[] = [];
    assert.deepEqual(await migrate({ url }, { dir: MIGRATIONS, log: (line) => lines.push(line) }), {
      applied: NAMES,
      indexes: [],
    });
    assert.ok(lines.some((line) => line.includes('0001_bridge_states')));
    assert.deepEqual(await migrate({ url }, { dir: MIGRATIONS }), { applied: [], indexes: [] });
  });

  it('runs twice at once: both succeed, each file is applied once', async () => {
    const url = newUrl();
    const runs = await Promise.all([1, 2, 3].map(() => migrate({ url }, { dir: MIGRATIONS })));
    assert.deepEqual(
      runs.flatMap(({ applied }) => applied),
      NAMES,
    );
  });

  it('waits for a table that others use in short attempts, so that writers pass meanwhile', async () => {
    const url = newUrl();
    await onServer((client) => client.query(`CREATE DATABASE "${names.at(-1)}"`));
    await onServer((client) => client.query(LEGACY_TABLES), url);
    const pool = createPool({ url, max: 3 }, () => undefined);
    const [reader, writer] = [await pool.connect(), await pool.connect()];
    try {
      // An open transaction that has read a table keeps every change of the table waiting.
      await reader.query('BEGIN');
      await reader.query('SELECT FROM fsm_transitions');
      const waits: string[] = [];
      const migrated = migrate(
        { url },
        { dir: MIGRATIONS, waiting: ({ failureClass, message }) => waits.push(`${failureClass} ${message}`) },
      );
      await until(30_000, () => {
        assert.ok(waits.length >= 2);
        return Promise.resolve();
      });
      assert.match(waits[0]!, /^transient PostgreSQL: .*lock timeout \(55P03\)$/);
      await writer.query("SET statement_timeout = '3s'");
      const insert = `INSERT INTO fsm_transitions (entity_id, entity_type, to_state, transition_event)
        VALUES ($1, 'workflow_execution', 'UP', 'start')`;
      await writer.query(insert, [randomUUID()]);
      await reader.query('COMMIT');
      assert.deepEqual((await migrated).applied, NAMES);
    } finally {
      reader.release();
      writer.release();
      await pool.end();
    }
  }).timeout(60_000);

  it('gives an upgraded database, cut over, the shape of a fresh one', async () => {
    const [fresh, upgraded] = [newUrl(), newUrl()];
    await migrate({ url: fresh }, { dir: MIGRATIONS });
    await onServer((client) => client.query(`CREATE DATABASE "${names.at(-1)}"`));
    await onServer((client) => client.query(LEGACY_TABLES), upgraded);
    await migrate({ url: upgraded }, { dir: MIGRATIONS });
    const pool = createPool({ url: upgraded }, () => undefined);
    await cutOver(pool);
    await pool.end();
    const shapeOf = (url: string) =>
      onServer(async (client) => (await client.query<{ line: string }>(SHAPE)).rows, url);
    assert.deepEqual(await shapeOf(upgraded), await shapeOf(fresh));
  });

  it('says that the server cannot be reached', async () => {
    const url = new URL(databaseUrl('x'));
    url.port = '1';
    await assert.rejects(migrate({ url: url.href }, { dir: MIGRATIONS }), {
      name: 'EffectError',
      failureClass: 'unavailable',
    });
  });
});

describe('migrate: backfill of fsm_states', () => {
  const WORKFLOWS = 50;
  const database = useDatabase({
    prepare: async (url) => {
      await onServer(async (client) => {
        await client.query(LEGACY_TABLES);
        await client.query(
          `INSERT INTO fsm_transitions (entity_id, entity_type, from_state, to_state, transition_event, transition_data, created_at)
         SELECT md5((i % $1)::text)::uuid, 'workflow_execution', 'S' || (i / $1 - 1), 'S' || (i / $1), 'step',
           jsonb_build_object('metadata', jsonb_build_object('i', i)), TIMESTAMPTZ '2025-10-01Z' + i * INTERVAL '1 second'
         FROM generate_series(0, 999) i ORDER BY md5(i::text)`,
          [WORKFLOWS],
        );
        await client.query(
          `INSERT INTO fsm_transitions (entity_id, entity_type, to_state, transition_event, transition_data)
         VALUES ($1, 'node', 'UP', 'start', '[]'), ($2, 'workflow_execution', 'UP', 'start', NULL)`,
          [randomUUID(), randomUUID()],
        );
      }, url);
      await migrate({ url }, { dir: MIGRATIONS });
    },
  });

  it('numbers old transitions in the order of created_at', async () => {
    const { rows } = await database.pool.query<{ ok: boolean }>(
      `SELECT count(*)::int, bool_and(sequence = arrival AND epoch = 1 AND transition_count = place) AS ok FROM (
         SELECT sequence, epoch, transition_count, row_number() OVER (ORDER BY created_at) AS arrival,
           row_number() OVER (PARTITION BY entity_id ORDER BY created_at) AS place
         FROM fsm_transitions WHERE to_state <> 'UP') t`,
    );
    assert.deepEqual(rows, [{ count: 1000, ok: true }]);
  });

  it('keeps the last transition of each workflow, and of workflows only', async () => {
    const state = await one(
      database.pool,
      `SELECT current_state, previous_state, epoch, transition_count, metadata, epoch_started_at
       FROM fsm_states WHERE workflow_id = md5('7')::uuid`,
    );
    assert.deepEqual(state, {
      current_state: 'S19',
      previous_state: 'S18',
      epoch: 1,
      transition_count: 20,
      metadata: { i: 957 },
      epoch_started_at: null,
    });
    assert.deepEqual(await one(database.pool, 'SELECT count(*)::int FROM fsm_states'), { count: WORKFLOWS + 1 });
  });

  it('goes on numbering after the old ones', async () => {
    const next = await one<{ sequence: number }>(
      database.pool,
      `INSERT INTO fsm_transitions (entity_id, entity_type, to_state, transition_event)
       VALUES (md5('7')::uuid, 'workflow_execution', 'S20', 'step') RETURNING sequence, transition_count, epoch`,
    );
    assert.deepEqual(next, { sequence: 1003, transition_count: 21, epoch: 1 });
  });
});
