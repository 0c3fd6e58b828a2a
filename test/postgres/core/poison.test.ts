/**
 * In these tests PostgreSQL refuses one intent of 500, with each code that it may refuse one with. The intent fails
 * alone, and finding it stays cheap.
 */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { PersistFsmTransitionPayload } from '../../../src/domain/intents/persist-fsm-transition/schema.js';
import type { PersistStatePayload } from '../../../src/domain/intents/persist-state/schema.js';
import type { Command, EffectOutcome } from '../../../src/domain/intents/command.js';
import { createBridgeStateStore } from '../../../src/postgres/states/bridge-state-store.js';
import { createFsmTransitionStore } from '../../../src/postgres/states/fsm-transition-store.js';
import { createPool, type Pool } from '../../../src/postgres/core/pool.js';
import { command, one, useDatabase } from '../support.js';

const BATCH = 500;
const BAD = 321;
/** The most transactions: one for the whole batch, two halves at each of nine levels, and one to spare. */
const MOST_TRANSACTIONS = 20;
/**
 * The most statements, eight a transaction: its begin and end, the claim, the locks, the rows, and those that follow
 * from the rows.
 */
const MOST_STATEMENTS = 8 * MOST_TRANSACTIONS;

const REFUSED = 'REFUSED';
/** Random text that does not compress, so that no index page of 8 KB takes it. */
const HUGE = randomBytes(16_000).toString('base64');

const CODES = ['22P05', '23514', '22003', '22001', '54000'] as const;
type Code = (typeof CODES)[number];

interface Store<P> {
  readonly table: string;
  /** The column that names a command's row, and its value. */
  readonly key: string;
  readonly keyOf: (payload: P) => string;
  readonly good: () => P;
  /** Payloads that go to the store past the schemas, which would refuse some of them first. */
  readonly bad: Readonly<Record<Code, P>>;
  readonly carry: (pool: Pool, batch: readonly Command<P>[]) => Promise<EffectOutcome<object>[]>;
}

const FULL = randomUUID();

const state = (namespace = 'ns', extra: object = {}, bridge: string = randomUUID()): PersistStatePayload => ({
  aggregation_id: bridge,
  aggregated_data: { [namespace]: { total_stamps: 1, unique_workflows_count: 1, ...extra } },
  fsm_states: {},
});

const bridgeStates: Store<PersistStatePayload> = {
  table: 'bridge_states',
  key: 'bridge_id',
  keyOf: ({ aggregation_id }) => aggregation_id,
  good: () => state(),
  bad: {
    '22P05': state('ns', { text: 'nul \u0000' }),
    '23514': state(REFUSED),
    '22003': state('full', {}, FULL),
    '22001': state('n'.repeat(256)),
    '54000': state('ns', { huge: HUGE }),
  },
  carry: (pool, batch) => createBridgeStateStore(pool).persist(batch),
};

const transition = (fields: Partial<PersistFsmTransitionPayload> = {}): PersistFsmTransitionPayload => ({
  workflow_id: randomUUID(),
  current_state: 'S1',
  transition_count: 1,
  ...fields,
});

const fsmTransitions: Store<PersistFsmTransitionPayload> = {
  table: 'fsm_transitions',
  key: 'entity_id',
  keyOf: ({ workflow_id }) => workflow_id,
  good: () => transition(),
  bad: {
    '22P05': transition({ metadata: { text: 'nul \u0000' } }),
    '23514': transition({ current_state: REFUSED }),
    '22003': transition({ transition_count: 2 ** 63 }),
    '22001': transition({ current_state: 'S'.repeat(51) }),
    '54000': transition({ metadata: { huge: HUGE } }),
  },
  carry: (pool, batch) => createFsmTransitionStore(pool).insert(batch),
};

/** Counts the statements that are sent to the server, also those that begin and end transactions. */
function countQueries(client: pg.PoolClient, count: () => void): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown;
  Object.assign(client, {
    query: (...args: unknown[]) => {
      count();
      return query(...args);
    },
  });
}

describe('an intent of 500 that PostgreSQL refuses', () => {
  const database = useDatabase();
  let pool: Pool;
  let transactions = 0;
  let statements = 0;

  before(async () => {
    const observer = { checkedOut: () => undefined, ran: () => void (transactions += 1) };
    pool = createPool({ url: database.url, min: 0, observer }, () => undefined);
    pool.on('connect', (client) => countQueries(client, () => (statements += 1)));
    await database.pool.query(`
      ALTER TABLE bridge_states ADD CHECK (namespace <> '${REFUSED}');
      ALTER TABLE fsm_transitions ADD CHECK (to_state <> '${REFUSED}');
      CREATE INDEX ON bridge_states ((aggregation_metadata ->> 'huge'));
      CREATE INDEX ON fsm_transitions ((transition_data -> 'metadata' ->> 'huge'));
      INSERT INTO bridge_states (bridge_id, namespace, total_items_aggregated, current_fsm_state)
        VALUES ('${FULL}', 'full', ${2n ** 63n - 1n}, 'S')`);
  });
  after(() => pool.end());

  function refuses<P>(store: Store<P>, code: Code): void {
    it(`${store.table}: ${code}`, async () => {
      const bad = command(store.bad[code]);
      const batch = Array.from({ length: BATCH }, (_, index) => (index === BAD ? bad : command(store.good())));
      transactions = statements = 0;
      const outcomes = await store.carry(pool, batch);
      assert.ok(transactions > 0 && transactions <= MOST_TRANSACTIONS, `${transactions} transactions`);
      assert.ok(statements > transactions && statements <= MOST_STATEMENTS, `${statements} statements`);
      assert.deepEqual(
        outcomes.flatMap(({ ok }, index) => (ok ? [] : [index])),
        [BAD],
      );
      // The failure has no error code and is returned, not thrown. That is how a store reports the class `invalid`.
      const refused = outcomes[BAD];
      assert.ok(refused?.ok === false && refused.error_code === undefined && refused.locked === undefined);
      assert.ok(refused.error.endsWith(`(${code})`), refused.error);
      const others = batch.filter((other) => other !== bad);
      const { rows } = await database.pool.query<{ key: string }>(
        `SELECT ${store.key} AS key FROM ${store.table} WHERE ${store.key} = ANY ($1)`,
        [batch.map(({ payload }) => store.keyOf(payload)).filter((key) => key !== FULL)],
      );
      assert.deepEqual(rows.map(({ key }) => key).sort(), others.map(({ payload }) => store.keyOf(payload)).sort());
      const ledger = await one<{ others: number; bad: number }>(
        database.pool,
        `SELECT count(*) FILTER (WHERE intent_id = ANY ($1))::int AS others,
           count(*) FILTER (WHERE intent_id = $2)::int AS bad FROM executed_intents`,
        [others.map(({ intent_id }) => intent_id), bad.intent_id],
      );
      assert.deepEqual(ledger, { others: BATCH - 1, bad: 0 });
    });
  }

  for (const code of CODES) {
    refuses(bridgeStates, code);
    refuses(fsmTransitions, code);
  }
});
