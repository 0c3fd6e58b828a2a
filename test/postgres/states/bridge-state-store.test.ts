import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { PersistStatePayload } from '../../../src/domain/intents/persist-state/schema.js';
import type { EffectOutcome } from '../../../src/domain/intents/command.js';
import { createBridgeStateStore } from '../../../src/postgres/states/bridge-state-store.js';
import { command, one, shuffled, useDatabase } from '../support.js';

type Aggregates = Record<string, readonly [items: number, workflows: number, extra?: object]>;

const payload = (
  bridge: string,
  aggregates: Aggregates,
  timestamp: string | null = null,
  states: readonly string[] = [],
): PersistStatePayload => ({
  aggregation_id: bridge,
  aggregated_data: Object.fromEntries(
    Object.entries(aggregates).map(([namespace, [total_stamps, unique_workflows_count, extra]]) => [
      namespace,
      { total_stamps, unique_workflows_count, ...extra },
    ]),
  ),
  fsm_states: Object.fromEntries(states.map((state, index) => [`w${index}`, state])),
  timestamp,
});

const errorOf = (outcome: EffectOutcome<unknown> | undefined) => (outcome?.ok === false ? outcome.error : undefined);

describe('bridge state store', () => {
  const database = useDatabase({ foreignRows: 'a row is filled to the brim by hand' });
  const store = () => createBridgeStateStore(database.pool);
  const row = (bridge: string, namespace = 'ns') =>
    one<{ items: number; workflows: number; state: string; metadata: object; at: Date | null }>(
      database.pool,
      `SELECT total_items_aggregated AS items, total_workflows_processed AS workflows, current_fsm_state AS state,
         aggregation_metadata AS metadata, last_aggregation_timestamp AS at
       FROM bridge_states WHERE bridge_id = $1 AND namespace = $2`,
      [bridge, namespace],
    );

  it('answers with the sums of the intent, and its namespaces in its order', async () => {
    const bridge = randomUUID();
    const [outcome] = await store().persist([command(payload(bridge, { b: [1, 2], a: [30, 40] }))]);
    assert.ok(outcome?.ok);
    assert.deepEqual(outcome.result, {
      aggregation_id: bridge,
      namespaces_persisted: ['b', 'a'],
      total_workflows: 42,
      total_items: 31,
    });
    assert.equal(outcome.repeated, false);
    assert.match(outcome.settled_at, /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z$/);
  });

  it('adds up, in a batch and against the row; keeps the namespace aggregate as metadata', async () => {
    const bridge = randomUUID();
    const details = {
      file_types: ['a'],
      workflow_ids: ['w'],
      unique_file_types_count: 1,
      total_size_bytes: 7,
      extra: true,
    };
    await store().persist([1, 2].map(() => command(payload(bridge, { ns: [10, 1] }, '2025-10-23T10:00:00Z', ['A']))));
    await store().persist([command(payload(bridge, { ns: [5, 1, details] }, '2025-10-23T10:00:00Z'))]);
    const stored = await row(bridge);
    assert.deepEqual([stored.items, stored.workflows, stored.state, stored.metadata], [25, 3, 'A', details]);
  });

  it('lets the newest metadata win by microsecond, and no time lose', async () => {
    const bridge = randomUUID();
    const at = (timestamp: string | null, v: number, states: string[] = [`S${v}`]) =>
      command(payload(bridge, { ns: [1, 1, { v }] }, timestamp, states));
    await store().persist([
      at(null, 1),
      at('2025-10-23T10:00:00.000002+02:00', 2),
      at('2025-10-23T08:00:00.000001Z', 3),
    ]);
    assert.deepEqual((await row(bridge)).metadata, { v: 2 });
    await store().persist([at('2025-10-23T08:00:00.000001Z', 4), at(null, 5)]);
    assert.deepEqual([(await row(bridge)).metadata, (await row(bridge)).state], [{ v: 2 }, 'S2']);
    await store().persist([at('2025-10-23T08:00:00.000002Z', 6, [])]);
    assert.deepEqual([(await row(bridge)).metadata, (await row(bridge)).state], [{ v: 6 }, 'S2']);
  });

  it('takes the most common state, the first by name among equals; UNKNOWN when there never was one', async () => {
    const [a, b] = [randomUUID(), randomUUID()];
    await store().persist([
      command(payload(a, { ns: [1, 1] }, null, ['Z', 'B', 'A', 'B', 'A'])),
      command(payload(b, { ns: [1, 1] })),
    ]);
    assert.deepEqual([(await row(a)).state, (await row(b)).state], ['A', 'UNKNOWN']);
  });

  it('gives the same rows for one batch as for one intent at a time', async () => {
    const [together, alone] = [randomUUID(), randomUUID()];
    const history = Array.from({ length: 120 }, (_, v) => ({
      at: [null, 1, 2, 3, 4, 5][Math.floor(Math.random() * 6)],
      states: Math.random() < 0.4 ? [] : [`S${v}`],
      ns: `ns${v % 4}`,
      v,
    }));
    const commands = (bridge: string) =>
      history.map(({ at, states, ns, v }) =>
        command(payload(bridge, { [ns]: [v, 1, { v }] }, at == null ? null : `2025-10-23T10:00:0${at}Z`, states)),
      );
    for (const part of [0, 40, 80]) await store().persist(commands(together).slice(part, part + 40));
    for (const single of commands(alone)) await store().persist([single]);
    for (const ns of ['ns0', 'ns1', 'ns2', 'ns3']) assert.deepEqual(await row(together, ns), await row(alone, ns), ns);
  });

  it('has one effect for two transactions with the same intents; both report the first outcome', async () => {
    const bridge = randomUUID();
    const commands = Array.from({ length: 50 }, () => command(payload(bridge, { ns: [1, 1] })));
    const other = commands.map((one) => ({ ...one, execution_id: 'other/run' }));
    const [first, second] = await Promise.all([store().persist(commands), store().persist(shuffled(other))]);
    assert.equal((await row(bridge)).items, 50);
    const times = (outcomes: typeof first) => outcomes.map(({ settled_at }) => settled_at).sort();
    assert.deepEqual(times(second), times(first));
    const repeats = [...first, ...second].filter((outcome) => outcome.ok && outcome.repeated);
    assert.equal(repeats.length, 50);
    const [retry] = await store().persist(commands.slice(0, 1).map((one) => ({ ...one, execution_id: 'third/run' })));
    assert.deepEqual(retry, { ...first[0], repeated: true });
  });

  it('does not call a retry by the same execution a repeat: nobody has announced it yet', async () => {
    const once = command(payload(randomUUID(), { ns: [1, 1] }));
    const [first] = await store().persist([once]);
    assert.deepEqual((await store().persist([once]))[0], first);
  });

  it('refuses another payload under an id that was executed, in the ledger and in the batch', async () => {
    const bridge = randomUUID();
    const original = command(payload(bridge, { ns: [1, 1] }), { execution_id: 'first/run' });
    const other = { ...original, payload_hash: 'cd'.repeat(32), payload: payload(bridge, { ns: [100, 1] }) };
    const [, inBatch] = await store().persist([original, other, original]);
    const [later] = await store().persist([other]);
    for (const outcome of [inBatch, later]) {
      const error = errorOf(outcome) ?? '';
      for (const part of [
        original.intent_id,
        'abababababab',
        'cdcdcdcdcdcd',
        'first/run',
        'was already executed with another payload',
      ]) {
        assert.ok(error.includes(part), `${part} in ${error}`);
      }
    }
    assert.equal((await row(bridge)).items, 1);
  });

  it('fails a bad row of 200 alone', async () => {
    const bridge = randomUUID();
    await store().persist([command(payload(bridge, { full: [1, 1] }))]);
    await database.pool.query('UPDATE bridge_state_rows SET total_items_aggregated = $2 WHERE bridge_id = $1', [
      bridge,
      (2n ** 63n - 10n).toString(),
    ]);
    const commands = Array.from({ length: 200 }, (_, i) =>
      command(payload(bridge, i === 77 ? { full: [10, 1], ns: [1, 1] } : { ns: [1, 1] })),
    );
    const outcomes = await store().persist(commands);
    assert.deepEqual(
      outcomes.flatMap(({ ok }, index) => (ok ? [] : [index])),
      [77],
    );
    assert.match(errorOf(outcomes[77]) ?? '', /bigint out of range.*22003/);
    // Nothing of the bad intent is left, so that it may be tried again.
    assert.equal((await row(bridge)).items, 199);
    assert.equal(
      (
        await one<{ n: number }>(
          database.pool,
          'SELECT count(*)::int AS n FROM executed_intents WHERE intent_id = $1',
          [commands[77]?.intent_id],
        )
      ).n,
      0,
    );
  });

  it('refuses sums that JSON cannot represent', async () => {
    const most = Number.MAX_SAFE_INTEGER;
    const [bad, good] = await store().persist([
      command(payload(randomUUID(), { a: [most, 1], b: [most, 1] })),
      command(payload(randomUUID(), { a: [most, 1] })),
    ]);
    assert.match(errorOf(bad) ?? '', /total_stamps/);
    assert.equal(good?.ok, true);
  });

  it('never deadlocks: 50 batches of their own intents for the same keys in random order, exact totals', async function () {
    this.timeout(60_000);
    const bridges = Array.from({ length: 100 }, () => randomUUID());
    const all = await Promise.all(
      Array.from({ length: 50 }, () =>
        store().persist(shuffled(bridges).map((bridge) => command(payload(bridge, { b: [1, 1], a: [1, 1] })))),
      ),
    );
    assert.ok(all.flat().every(({ ok }) => ok));
    const { low, high } = await one<{ low: number; high: number }>(
      database.pool,
      'SELECT min(total_items_aggregated) AS low, max(total_items_aggregated) AS high FROM bridge_states WHERE bridge_id = ANY ($1)',
      [bridges],
    );
    assert.deepEqual([low, high], [50, 50]);
  });

  it('never deadlocks: 50 batches with overlapping keys and ids in random order, exact totals', async function () {
    this.timeout(60_000);
    const bridges = Array.from({ length: 20 }, () => randomUUID());
    const commands = bridges.flatMap((bridge) =>
      Array.from({ length: 10 }, (_, i) => command(payload(bridge, { [`b${i % 3}`]: [1, 1], [`a${i % 3}`]: [1, 1] }))),
    );
    // Each batch has a store of its own, as in 50 processes. Nothing but the database orders them.
    const batches = Array.from({ length: 50 }, () => shuffled(commands).slice(0, 100));
    const all = await Promise.all(batches.map((batch) => store().persist(batch)));
    assert.ok(all.flat().every(({ ok }) => ok));
    const executed = new Set(batches.flat().map(({ intent_id }) => intent_id)).size;
    const { items } = await one<{ items: number }>(
      database.pool,
      'SELECT sum(total_items_aggregated)::int AS items FROM bridge_states WHERE bridge_id = ANY ($1)',
      [bridges],
    );
    assert.equal(items, 2 * executed);
  });
});
