/**
 * These tests check what `ExecuteSliceWorkflow` does not execute again: answered lists, repeated envelopes and intents.
 * Lists that are too old to know are refused.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { readEvents } from '../../support/events.js';
import { persistState, publishEvent } from '../../support/intents.js';
import { overflowingState } from '../execution/support.js';
import { list, sliceCalls } from './support.js';

describe('ExecuteSliceWorkflow', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment();
  });
  after(() => environment.close());

  const { run, verdictOf, totalOf, resultsOf } = sliceCalls(() => environment);

  it('runs no list again that is answered, and tells the same again', async () => {
    const failing = list([{ ...persistState(), intent_id: 7, priority: 9 }, persistState()]);
    const fine = list([persistState()]);
    await run(failing, fine);
    const before = await verdictOf(failing);
    // The repaired list would succeed, but it is another list than the one that its event id belongs to.
    const repaired = list([persistState()], { event_id: failing.event_id, correlation_id: 'repaired' });
    const report = await run(repaired, failing, fine, fine);
    const { invalid, ...rest } = report;
    assert.deepEqual(rest, { lists: 4, repeated: 3, parked: 0, intents: 0, counts: {} });
    assert.deepEqual([invalid?.length, invalid?.[0]?.list], [1, 0]);
    assert.match(invalid?.[0]?.reason ?? '', /^event_id: .* belongs to another list of intents /);
    assert.deepEqual(await verdictOf(failing), before);
    const all = await resultsOf(failing);
    const events = all.filter(({ envelope }) => envelope.correlation_id !== 'repaired');
    assert.deepEqual([all.length, events.length], [3, 2]);
    assert.deepEqual(events[0]!.envelope.payload, events[1]!.envelope.payload);
    assert.equal(events[0]!.envelope.event_id, events[1]!.envelope.event_id);
  });

  it('executes an unfinished list again when it is emitted once more, and replaces its verdict', async () => {
    const bad = await overflowingState(environment, 1);
    const effect = persistState();
    const at = (second: number) => ({ emitted_at: new Date(Date.UTC(2026, 10, 1, 0, 0, second)).toISOString() });
    const given = list([effect, bad, publishEvent()], at(1));
    await run(given);
    const first = await verdictOf(given);
    assert.deepEqual([first?.outcome, first?.counts], ['partial', { succeeded: 2, failed: 1 }]);
    await environment.pool.query('UPDATE bridge_states SET total_items_aggregated = 0 WHERE bridge_id = $1', [
      bad.payload.aggregation_id,
    ]);
    // The same message is delivered again. Lists behind it may have been executed since.
    assert.equal((await run(given)).repeated, 1);
    assert.deepEqual(await verdictOf(given), first);

    const again = { ...given, ...at(2) };
    assert.deepEqual((await run(again)).counts, { succeeded: 3 });
    const second = await verdictOf(given);
    assert.deepEqual([second?.outcome, second?.rerun_at], ['completed', again.emitted_at]);
    assert.deepEqual(
      second?.results.map(({ repeated = false }) => repeated),
      [true, false, true],
    );
    for (const { payload } of [effect, bad]) assert.equal(await totalOf(payload.aggregation_id), '100');
    assert.equal((await run({ ...given, ...at(3) })).repeated, 1, 'a completed list is final');

    const told = await resultsOf(given);
    assert.deepEqual(
      told.map(({ envelope }) => envelope.payload['outcome']),
      ['partial', 'partial', 'completed', 'completed'],
    );
    assert.equal(new Set(told.map(({ envelope }) => envelope.event_id)).size, 2, 'each verdict has an id of its own');
  });

  it('runs one envelope that comes twice in a slice once', async () => {
    const given = list([persistState(), publishEvent()]);
    assert.deepEqual(await run(given, given), {
      lists: 2,
      repeated: 1,
      parked: 0,
      intents: 2,
      counts: { succeeded: 2 },
    });
    assert.equal((await resultsOf(given)).length, 1);
  });

  it('has the same ids as a list that is executed directly under its request id', async () => {
    const request_id = randomUUID();
    const intents = [persistState(), persistState()];
    await environment.client.executeIntents(intents, { requestId: request_id });
    const given = list(intents, { request_id });
    await run(given);
    const verdict = await verdictOf(given);
    assert.deepEqual(
      verdict?.results.map(({ repeated }) => repeated),
      [true, true],
    );
    assert.equal(await totalOf(intents[0]!.payload.aggregation_id), '100');
  });

  it('refuses an intent id that another list of the slice has with another payload, for events as for rows', async () => {
    const [stateId, eventId] = [randomUUID(), randomUUID()];
    const [first, second] = [persistState(), persistState()];
    const event = (n: number, partition_key: string) =>
      publishEvent({ event_type: 'BATCH_PROCESSED', partition_key, n }, { intent_id: eventId });
    const [key, otherKey] = [randomUUID(), randomUUID()];
    const published = event(1, key);
    const lists = [
      list([{ ...first, intent_id: stateId }, published]),
      list([{ ...second, intent_id: stateId }, event(2, otherKey)]),
      list([published]),
    ];
    await run(...lists);
    const verdicts = await Promise.all(lists.map(verdictOf));
    const results = verdicts.map((verdict) => verdict!.results);
    assert.deepEqual(
      results.map((ofList) => ofList.map(({ status, repeated }) => [status, repeated])),
      [
        [
          ['succeeded', undefined],
          ['succeeded', undefined],
        ],
        [
          ['failed', undefined],
          ['failed', undefined],
        ],
        [['succeeded', true]],
      ],
    );
    for (const [index, id] of [stateId, eventId].entries()) {
      const said = new RegExp(
        `^intent_id: ${id} was already executed with another payload \\(sha256 .{12} at .* by slice-`,
      );
      assert.match(results[1]![index]!.error ?? '', said);
    }
    assert.equal(await totalOf(second.payload.aggregation_id), null);
    const sent = (await readEvents(environment, ['BATCH_PROCESSED'])).filter((read) =>
      [key, otherKey].some((wanted) => wanted === read.key),
    );
    assert.deepEqual(
      sent.map(({ envelope }) => envelope.payload['n']),
      [1],
    );
  });

  it('refuses a list older than what the ledger remembers, and runs its neighbours', async () => {
    const { pool } = environment;
    await pool.query(`UPDATE ledger_retention SET pruned_before = '2026-06-01T00:00:00Z'`);
    try {
      const [old, young] = [persistState(), persistState()];
      const lists = [
        list([old], { emitted_at: '2026-05-31T23:59:59.999Z' }),
        list([young], { emitted_at: '2026-06-01T00:00:00.000Z' }),
      ];
      await run(...lists);
      const [refused, done] = await Promise.all(lists.map(verdictOf));
      assert.deepEqual([refused?.outcome, refused?.results, done?.outcome], ['failed', [], 'completed']);
      assert.match(
        refused?.error ?? '',
        /^the list was emitted at 2026-05-31T23:59:59.999Z, and the ledger is pruned up to 2026-06-01T00:00:00.000000Z: /,
      );
      assert.equal(await totalOf(old.payload.aggregation_id), null);
    } finally {
      await pool.query('UPDATE ledger_retention SET pruned_before = NULL');
    }
  });
});
