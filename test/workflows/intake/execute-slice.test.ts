/** `ExecuteSliceWorkflow` on the real servers: what the intake relies on. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { SliceReport } from '../../../src/domain/intake/slice.js';
import type { SliceList, Verdict } from '../../../src/domain/intake/list.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { readEvents, readEventsByConsole } from '../../support/events.js';
import { persistFsmTransition, persistState, publishEvent, recoverFsmStates } from '../../support/intents.js';

const list = (intents: readonly unknown[], rest: Partial<SliceList> = {}): SliceList => ({
  event_id: randomUUID(),
  correlation_id: null,
  intents,
  ...rest,
});

describe('ExecuteSliceWorkflow', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment();
  });
  after(() => environment.close());

  const execute = (input: unknown): Promise<SliceReport> =>
    environment.temporal.workflow.execute<(given: unknown) => Promise<SliceReport>>('ExecuteSliceWorkflow', {
      args: [input],
      taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
      workflowId: `slice-${randomUUID()}`,
    });
  const run = (...lists: SliceList[]) => execute({ lists });
  const verdictOf = async ({ event_id }: SliceList): Promise<Verdict | undefined> =>
    (
      await environment.pool.query<{ verdict: Verdict }>('SELECT verdict FROM intake_verdicts WHERE event_id = $1', [
        event_id,
      ])
    ).rows[0]?.verdict;
  const totalOf = async (bridgeId: string) =>
    (
      await environment.pool.query<{ total: string | null }>(
        'SELECT sum(total_items_aggregated) AS total FROM bridge_states WHERE bridge_id = $1',
        [bridgeId],
      )
    ).rows[0]?.total;
  const resultsOf = async (given: SliceList) =>
    (await readEvents(environment, ['INTENT_RESULT'])).filter(
      ({ envelope }) => envelope.causation_id === given.event_id,
    );

  it('answers each list by itself: what stops one stops no other', async () => {
    const state = persistState();
    const wrong = persistState({ aggregation_id: state.payload.aggregation_id });
    const skipped = persistState();
    const good = list([state, publishEvent({ correlation_id: null })], { correlation_id: 'of good' });
    const stopped = list([{ ...wrong, intent_id: 'no id', priority: 9 }, skipped], { correlation_id: 'of stopped' });
    const partial = list([{ ...persistState(), payload: {} }, persistFsmTransition()], { request_id: 'r-partial' });
    const refused = list([persistState()], { options: { failFastPriority: 'high' } });
    const report = await run(good, stopped, partial, refused);
    assert.deepEqual(report, {
      lists: 4,
      repeated: 0,
      parked: 0,
      intents: 6,
      counts: { succeeded: 3, failed: 2, skipped: 1 },
      invalid: [
        { list: 1, reason: 'payload.intents[0]: intent_id: expected a UUID, got string "no id"' },
        { list: 2, reason: 'payload.intents[0]: payload.aggregated_data: expected an object, got nothing' },
        { list: 3, reason: 'options.failFastPriority: expected a number, got string "high"' },
      ],
    });
    const verdicts = await Promise.all([good, stopped, partial, refused].map(verdictOf));
    assert.deepEqual(
      verdicts.map((verdict) => [verdict?.outcome, verdict?.correlation_id, verdict?.counts]),
      [
        ['completed', 'of good', { succeeded: 2 }],
        ['failed', 'of stopped', { failed: 1, skipped: 1 }],
        ['partial', 'r-partial', { failed: 1, succeeded: 1 }],
        ['failed', refused.event_id, {}],
      ],
    );
    assert.equal(verdicts[3]?.error, 'options.failFastPriority: expected a number, got string "high"');
    assert.equal(await totalOf(state.payload.aggregation_id), '100');
    assert.equal(await totalOf(skipped.payload.aggregation_id), null);
    const results = await readEventsByConsole(environment, ['INTENT_RESULT']);
    for (const [index, given] of [good, stopped, partial, refused].entries()) {
      const events = results.filter(({ envelope }) => envelope.causation_id === given.event_id);
      assert.equal(events.length, 1);
      const { correlation_id, ...verdict } = verdicts[index]!;
      assert.equal(events[0]!.envelope.correlation_id, correlation_id);
      assert.deepEqual(events[0]!.envelope.payload, verdict);
    }
    // What a list announces is announced under its own correlation id.
    const announced = (await readEvents(environment, ['STATE_PERSISTED'])).filter(
      ({ key }) => key === state.payload.aggregation_id,
    );
    assert.deepEqual(
      announced.map(({ envelope }) => envelope.correlation_id),
      ['of good'],
    );
  });

  it('runs no list again that is answered, and tells the same again', async () => {
    const failing = list([{ ...persistState(), intent_id: 7, priority: 9 }, persistState()]);
    const fine = list([persistState()]);
    await run(failing, fine);
    const before = await verdictOf(failing);
    // Repaired, it would succeed: but its sender has been told that it failed.
    const repaired = { ...failing, intents: [persistState()] };
    const report = await run(repaired, fine, fine);
    assert.deepEqual(report, { lists: 3, repeated: 3, parked: 0, intents: 0, counts: {} });
    assert.deepEqual(await verdictOf(failing), before);
    const events = await resultsOf(failing);
    assert.equal(events.length, 2);
    assert.deepEqual(events[0]!.envelope.payload, events[1]!.envelope.payload);
    assert.equal(events[0]!.envelope.event_id, events[1]!.envelope.event_id);
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

  it('keeps the order of lists that share a key, whatever their priorities', async () => {
    const key = randomUUID();
    const event = (batch_size: number, priority: number) =>
      publishEvent({ event_type: 'BATCH_PROCESSED', partition_key: key, batch_size }, { priority });
    await run(
      list([event(1, 0), event(2, -5)]),
      list([event(3, 5)]),
      list([event(4, 9), event(5, 0)]),
      list([event(6, 5)]),
    );
    const sizes = (await readEvents(environment, ['BATCH_PROCESSED']))
      .filter((read) => read.key === key)
      .map(({ envelope }) => envelope.payload['batch_size']);
    assert.deepEqual(sizes, [1, 2, 3, 4, 5, 6]);
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

  for (const [given, message] of [
    [null, 'input: expected an object, got null'],
    [{ lists: 'all' }, 'lists: expected an array, got string "all"'],
    [{ lists: [{ event_id: 'a', correlation_id: null }] }, 'lists[0].intents: expected an array, got nothing'],
  ] as const) {
    it(`refuses ${JSON.stringify(given)}`, async () => {
      await assert.rejects(execute(given), (error: unknown) => {
        assert.ok(error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure);
        assert.deepEqual([error.cause.type, error.cause.message], ['InvalidInput', message]);
        return true;
      });
    });
  }

  it('answers many lists that read states, more than one payload of them', async () => {
    const moved = await environment.client.executeIntents(Array.from({ length: 80 }, () => persistFsmTransition()));
    assert.equal(moved.outcome, 'completed');
    const lists = Array.from({ length: 250 }, () => list([recoverFsmStates(), persistState()]));
    const report = await run(...lists);
    assert.deepEqual(report.counts, { succeeded: 500 });
    const verdicts = await Promise.all(lists.map(verdictOf));
    assert.ok(JSON.stringify(verdicts).length > 2_000_000, 'they fit one payload');
    assert.ok(verdicts.every((verdict) => verdict?.outcome === 'completed'));
    const ids = new Set(lists.map(({ event_id }) => event_id));
    const answered = (await readEvents(environment, ['INTENT_RESULT']))
      .map(({ envelope }) => envelope.causation_id ?? '')
      .filter((id) => ids.has(id));
    assert.deepEqual(answered.sort(), [...ids].sort(), 'each once');
  }).timeout(120_000);

  it('completes a slice without lists', async () => {
    assert.deepEqual(await run(), { lists: 0, repeated: 0, parked: 0, intents: 0, counts: {} });
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
