/**
 * In these tests a stranger's transaction has locked rows, ids or tables. Commands with free rows are executed at once,
 * the others get the reply that they are locked, and nobody waits for them (ADR 0031).
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { PersistStatePayload } from '../../../src/domain/intents/persist-state/schema.js';
import { type Command, type EffectOutcome, isLocked, type LockWait } from '../../../src/domain/intents/command.js';
import { createBridgeStateStore } from '../../../src/postgres/states/bridge-state-store.js';
import { createFsmTransitionStore } from '../../../src/postgres/states/fsm-transition-store.js';
import { createPool, type Pool } from '../../../src/postgres/core/pool.js';
import { command, one, useDatabase } from '../support.js';

const state = (bridge: string, namespace = 'ns'): PersistStatePayload => ({
  aggregation_id: bridge,
  aggregated_data: { [namespace]: { total_stamps: 1, unique_workflows_count: 1 } },
  fsm_states: {},
});

type Execute = (batch: readonly Command<never>[], locks?: LockWait) => Promise<EffectOutcome<object>[]>;

interface Store {
  readonly make: (key: string) => Command<never>;
  /** Opens the store, as one worker does: its calls share transactions. */
  readonly open: (pool: Pool) => Execute;
  /** Statements of the stranger, with the keys as `$1`. */
  readonly lock: string;
  readonly insert: string;
  readonly tables: readonly string[];
  /** Counts the effects under the keys `$1`. */
  readonly effects: string;
}

const bridgeStates: Store = {
  make: (key) => command(state(key), { order_key: key }) as Command<never>,
  open: (pool) => {
    const store = createBridgeStateStore(pool);
    return (batch, locks) => store.persist(batch, locks);
  },
  lock: 'SELECT FROM bridge_states WHERE bridge_id = ANY ($1) FOR UPDATE',
  insert: `INSERT INTO bridge_state_rows (bridge_id, namespace, total_workflows_processed, total_items_aggregated,
    current_fsm_state) SELECT bridge, 'ns', 0, 0, 'S' FROM unnest($1::uuid[]) bridge`,
  tables: ['bridge_states', 'executed_intents'],
  effects:
    'SELECT coalesce(sum(total_items_aggregated), 0)::int AS effects FROM bridge_states WHERE bridge_id = ANY ($1)',
};

const fsmTransitions: Store = {
  make: (key) =>
    command({ workflow_id: key, current_state: 'S', transition_count: null }, { order_key: key }) as Command<never>,
  open: (pool) => {
    const store = createFsmTransitionStore(pool);
    return (batch, locks) => store.insert(batch, locks);
  },
  lock: 'SELECT FROM fsm_states WHERE workflow_id = ANY ($1) FOR UPDATE',
  insert: `INSERT INTO fsm_transitions (entity_id, entity_type, from_state, to_state, transition_event)
    SELECT workflow, 'workflow_execution', NULL, 'FIRST', 'x' FROM unnest($1::uuid[]) workflow`,
  tables: ['fsm_transitions', 'fsm_states', 'executed_intents'],
  effects: `SELECT count(*)::int AS effects FROM fsm_transitions
    WHERE entity_id = ANY ($1) AND transition_event = 'unknown'`,
};

const keys = (count: number): string[] => Array.from({ length: count }, () => randomUUID());
const lockedIn = (replies: readonly EffectOutcome<object>[]): number[] =>
  replies.flatMap((reply, index) => (isLocked(reply) ? [index] : []));

for (const [name, store] of Object.entries({ bridgeStates, fsmTransitions })) {
  describe(`${name} behind locks`, function () {
    this.timeout(60_000);
    const database = useDatabase({ foreignRows: 'a stranger inserts rows' });
    let pool: Pool;
    let execute: Execute;
    let stranger: pg.Client;
    let transactions = 0;
    before(() => {
      const observer = { checkedOut: () => undefined, ran: () => void (transactions += 1) };
      pool = createPool({ url: database.url, min: 0, observer }, () => undefined);
      execute = store.open(pool);
    });
    after(() => pool.end());
    beforeEach(async () => {
      stranger = new pg.Client(database.url);
      await stranger.connect();
      await stranger.query('BEGIN');
      transactions = 0;
    });
    afterEach(() => stranger.end());

    const make = (of: readonly string[]) => of.map(store.make);
    const effectsOf = async (of: readonly string[]): Promise<number> =>
      (await one<{ effects: number }>(database.pool, store.effects, [of])).effects;
    const createRows = async (of: readonly string[]) => assert.ok((await execute(make(of))).every(({ ok }) => ok));
    /** Executes the batch again, after the stranger has gone: each command has its effect once. */
    async function assertAllOnce(batch: readonly Command<never>[], of: readonly string[], effects: number) {
      await stranger.query('COMMIT');
      assert.deepEqual(lockedIn(await execute(batch, 'probe')), []);
      assert.equal(await effectsOf(of), effects);
    }

    it('executes the 120 free ones of 300 in one transaction, and asks for the 180 others together', async () => {
      const all = keys(300);
      const batch = make(all);
      await createRows(all);
      await stranger.query(store.lock, [all.slice(0, 180)]);
      transactions = 0;
      const started = performance.now();
      const replies = await execute(batch, 'park');
      assert.ok(performance.now() - started < 5_000, `${performance.now() - started} ms`);
      assert.deepEqual(lockedIn(replies), [...all.keys()].slice(0, 180));
      assert.ok(replies.slice(180).every(({ ok }) => ok));
      // The locked ones were asked for within a second, with longer and longer pauses.
      assert.ok(transactions >= 4 && transactions <= 15, `${transactions} transactions`);
      assert.equal(await effectsOf(all), 300 + 120);
      await assertAllOnce(batch, all, 600);
    });

    it('leaves out what shares the key of a locked row, and answers a repeat although its row is locked', async () => {
      const [locked, free] = keys(2) as [string, string];
      await createRows([locked]);
      const [known] = make([locked]);
      assert.equal((await execute([known!]))[0]?.ok, true);
      await stranger.query(store.lock, [[locked]]);
      assert.deepEqual(lockedIn(await execute(make([free, locked, free, locked]), 'probe')), [1, 3]);
      transactions = 0;
      const [repeat] = await execute([{ ...known!, execution_id: 'other/run' }], 'probe');
      assert.ok(repeat?.ok === true && repeat.repeated);
      assert.equal(transactions, 1, 'the repeat has queued for the row');
      assert.deepEqual([await effectsOf([locked]), await effectsOf([free])], [2, 2]);
    });

    it('executes all but those whose row another transaction inserts, and those whose id it claims', async () => {
      const all = keys(60);
      const batch = make(all);
      await stranger.query(store.insert, [all.slice(0, 20)]);
      await stranger.query(
        `INSERT INTO executed_intents (intent_id, intent_type, payload_hash, execution_id, outcome, given_up_by)
         VALUES ($1, 'X', '', 'stranger', '{}', '{stranger}')`,
        [batch[59]!.intent_id],
      );
      assert.deepEqual(
        lockedIn(await execute(batch, 'park')),
        [...all.keys()].filter((n) => n < 20 || n === 59),
      );
      assert.equal(await effectsOf(all), 39);
      await assertAllOnce(batch, all, 60);
    });

    for (const table of store.tables) {
      it(`replies that all are locked while ${table} is, without looking for each`, async () => {
        const all = keys(300);
        const batch = make(all);
        await stranger.query(`LOCK TABLE ${table} IN SHARE MODE`);
        assert.equal(lockedIn(await execute(batch, 'park')).length, 300);
        assert.ok(transactions <= 20, `${transactions} transactions`);
        assert.equal(await effectsOf(all), 0);
        await assertAllOnce(batch, all, 300);
      });
    }

    it('takes turns with others of our transactions, instead of asking again and again', async () => {
      const [row] = keys(1) as [string];
      await createRows([row]);
      transactions = 0;
      const workers = [1, 2, 3].map(() => store.open(pool));
      const calls: Promise<EffectOutcome<object>[]>[] = [];
      for (const one of make(Array.from({ length: 60 }, () => row))) {
        calls.push(workers[calls.length % 3]!([one]));
        if (calls.length % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      assert.ok((await Promise.all(calls)).flat().every(({ ok }) => ok));
      assert.equal(await effectsOf([row]), 61);
      assert.ok(transactions <= 2 * 60, `${transactions} transactions`);
    });

    it('delays nobody who has met no lock, however many wait for the one locked row', async () => {
      const [locked, ...others] = keys(41) as [string, ...string[]];
      await createRows([locked, ...others]);
      await stranger.query(store.lock, [[locked]]);
      let waiting = 20;
      const waits: Promise<EffectOutcome<object>[]>[] = [];
      for (const one of make(Array.from({ length: waiting }, () => locked))) {
        waits.push(execute([one]).finally(() => (waiting -= 1)));
        // The calls are made in different turns, so that they do not share one transaction.
        await sleep(5);
      }
      transactions = 0;
      const replies = await Promise.all(make(others).map(async (one) => (await execute([one]))[0]));
      assert.ok(replies.every((reply) => reply?.ok));
      assert.equal(waiting, 20);
      // The first four go alone, the others share what comes next; those who wait ask together, with pauses.
      assert.ok(transactions <= 20, `${transactions} transactions`);
      await stranger.query('COMMIT');
      assert.deepEqual(lockedIn((await Promise.all(waits)).flat()), []);
      assert.equal(await effectsOf([locked]), 21);
    });
  });
}
