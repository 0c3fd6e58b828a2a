import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { PersistStatePayload } from '../../../src/domain/intents/persist-state/schema.js';
import type { Command } from '../../../src/domain/intents/command.js';
import { createBridgeStateStore } from '../../../src/postgres/states/bridge-state-store.js';
import { createLedger } from '../../../src/postgres/ledger/ledger.js';
import { until } from '../../../src/flow-control/until.js';
import { command, one, onServer, useDatabase } from '../support.js';

type PersistState = Command<PersistStatePayload>;

describe('giving up', () => {
  const database = useDatabase();
  const ledger = () => createLedger(database.pool);
  const persist = (given: PersistState) => createBridgeStateStore(database.pool).persist([given]);

  const intent = (bridge: string, execution_id = 'list/first'): PersistState =>
    command(
      {
        aggregation_id: bridge,
        aggregated_data: { ns: { total_stamps: 5, unique_workflows_count: 1 } },
        fsm_states: {},
        timestamp: null,
      },
      { execution_id },
    );
  const giveUp = (...given: PersistState[]) =>
    ledger().giveUp(given.map((one) => ({ ...one, intent_type: 'PersistState', error: 'late', error_code: 'CODE' })));
  const totalOf = async (bridge: string) =>
    (
      await one<{ total: number | null }>(
        database.pool,
        'SELECT sum(total_items_aggregated)::int AS total FROM bridge_states WHERE bridge_id = $1',
        [bridge],
      )
    ).total;

  it('fences an attempt that comes afterwards', async () => {
    const bridge = randomUUID();
    const given = intent(bridge);
    assert.equal((await giveUp(given, given)).size, 0);
    const [outcome] = await persist(given);
    assert.ok(outcome?.ok === false);
    assert.deepEqual([outcome.error, outcome.error_code], ['late', 'CODE']);
    assert.equal(await totalOf(bridge), null);
    assert.equal((await ledger().find([given.intent_id])).size, 0, 'an effect that never happened is found');
  });

  it('waits for an attempt that is writing, and tells its outcome', async () => {
    const bridge = randomUUID();
    const given = intent(bridge);
    await persist(intent(bridge));
    await onServer(async (holder) => {
      // The attempt stops in its transaction, before the row. It waits for no lock of a stranger by itself.
      await holder.query(`
        CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$ BEGIN
          PERFORM pg_advisory_xact_lock(77);
          RETURN NEW;
        END $$;
        CREATE TRIGGER hold BEFORE INSERT ON bridge_states FOR EACH ROW EXECUTE FUNCTION hold();
        SELECT pg_advisory_lock(77)`);
      const writing = persist(given);
      const waiting = (n: number) => () =>
        one(
          database.pool,
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
           HAVING count(*) = ${n}`,
        );
      await until(10_000, waiting(1));
      const givingUp = giveUp(given);
      await until(10_000, waiting(2));
      await holder.query('SELECT pg_advisory_unlock(77)');
      const record = (await givingUp).get(given.intent_id);
      assert.equal(record?.result['total_items'], 5);
      assert.equal((await writing)[0]?.ok, true);
      await holder.query('DROP FUNCTION hold CASCADE');
    }, database.url);
    assert.equal(await totalOf(bridge), 10);
  });

  it('may be repeated', async () => {
    const given = intent(randomUUID());
    assert.equal((await giveUp(given)).size, 0);
    assert.equal((await giveUp(given)).size, 0);
    const { by } = await one<{ by: string[] }>(
      database.pool,
      'SELECT given_up_by AS by FROM executed_intents WHERE intent_id = $1',
      [given.intent_id],
    );
    assert.deepEqual(by, ['list/first']);
  });

  it('binds its own execution only: of others, one executes the intent', async () => {
    const bridge = randomUUID();
    const given = intent(bridge);
    await giveUp(given);
    const others = Array.from({ length: 8 }, (_, n) => ({ ...given, execution_id: `list/${n}` }));
    const outcomes = (await Promise.all(others.map(persist))).map(([outcome]) => outcome);
    assert.ok(outcomes.every((outcome) => outcome?.ok));
    assert.equal(outcomes.filter((outcome) => outcome?.ok && !outcome.repeated).length, 1);
    assert.equal(await totalOf(bridge), 5);
    const [late] = await persist(given);
    assert.ok(late?.ok === true && late.repeated);
    assert.equal(await totalOf(bridge), 5);
  });

  it('binds every execution that gave the intent up', async () => {
    const bridge = randomUUID();
    const early = intent(bridge);
    const later = { ...early, execution_id: 'list/second' };
    await giveUp(early);
    await giveUp(later);
    for (const given of [early, later]) assert.equal((await persist(given))[0]?.ok, false);
    assert.equal(await totalOf(bridge), null);
    assert.equal((await persist({ ...early, execution_id: 'list/third' }))[0]?.ok, true);
    assert.equal(await totalOf(bridge), 5);
  });

  it('binds every execution that gave the intent up in one transaction', async () => {
    const bridge = randomUUID();
    const early = intent(bridge);
    const later = { ...early, execution_id: 'list/second' };
    assert.equal((await giveUp(early, later, early)).size, 0);
    for (const given of [early, later]) assert.equal((await persist(given))[0]?.ok, false);
    assert.equal(await totalOf(bridge), null);
  });
});

describe('recording an effect afterwards', () => {
  const database = useDatabase();

  it('tells who was faster, be it in the same transaction', async () => {
    // One group is written at a time. The batches that arrive meanwhile share the second group.
    const ledger = createLedger(database.pool, { maxInFlight: 1 });
    const record = (execution_id: string, intent_id: string, payload: Record<string, unknown> = {}) => {
      const { payload: result, ...fields } = command(payload, { execution_id, intent_id });
      return { ...fields, intent_type: 'PublishEvent', result };
    };
    const [known, raced, other] = [randomUUID(), randomUUID(), randomUUID()];
    const found = await Promise.all([
      ledger.record([record('list/first', known)]),
      ledger.record([record('list/second', known), record('list/second', raced), record('list/second', other)]),
      ledger.record([record('list/third', raced)]),
    ]);
    assert.deepEqual(
      found.map((rows) => [...rows.values()].map(({ intent_id, execution_id }) => [intent_id, execution_id])),
      [[], [[known, 'list/first']], [[raced, 'list/second']]],
    );
  });
});
