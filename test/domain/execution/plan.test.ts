import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { jsonBytes, LimitError, pageBytes } from '../../../src/domain/values/limits.js';
import { makePlan, type Plan, type PlannedTier } from '../../../src/domain/execution/plan.js';
import { parseRequest, RequestError, type RequestInput } from '../../../src/domain/execution/request.js';
import { makeReport } from '../../../src/domain/execution/report.js';
import { withoutEffect } from '../../../src/domain/execution/without-effect.js';
import { VERDICT_BYTES } from '../../../src/domain/intake/list.js';
import { definitions } from '../../support/definitions.js';
import { persistFsmTransition, persistState, publishEvent, recoverFsmStates } from '../../support/intents.js';

const plan = (intents: unknown[], rest: Partial<RequestInput> = {}): Plan =>
  makePlan(parseRequest({ intents, ...rest }), 'workflow-1', definitions);
const indexesOf = (tier: PlannedTier): number[] =>
  tier.lanes.flatMap(({ chunks }) => chunks.flatMap(({ indexes }) => indexes));

describe('makePlan', () => {
  it('makes tiers by priority, highest first, and a lane per type', () => {
    const made = plan([
      publishEvent(),
      persistState(),
      persistFsmTransition(),
      recoverFsmStates(),
      persistState({}, { priority: 7 }),
    ]);
    assert.deepEqual(
      made.tiers.map((tier) => [tier.priority, tier.lanes.map(({ activity }) => activity), indexesOf(tier)]),
      [
        [7, ['persistStates'], [4]],
        [2, ['recoverFsmStates'], [3]],
        [1, ['persistStates', 'persistFsmTransitions'], [1, 2]],
        [0, ['publishEvents'], [0]],
      ],
    );
  });

  it('stays under the 2 MB of a payload, whatever is refused', () => {
    // The key has quotation marks only. Each is escaped in the path, and once more in the plan's JSON.
    const key = '"'.repeat(80);
    const hostile = { payload: { [key]: { [key]: { [key]: '\u0000' } } }, intent_type: `${key}"` };
    const made = plan(Array.from({ length: 2_000 }, () => hostile));
    assert.ok(jsonBytes(made) < 1_700_000, `${jsonBytes(made)} bytes`);
    assert.match(
      made.intents[0]?.rejected ?? '',
      /^payload\[.*….*: expected text without NUL characters .*, got string with one$/,
    );
    const results = made.intents.map((intent) =>
      withoutEffect(intent, {
        status: 'failed',
        error: intent.rejected ?? '',
        errorCode: 'VALIDATION_ERROR',
        timestamp: new Date().toISOString(),
      }),
    );
    const head = { request_id: 'r', workflow_id: 'w', outcome: 'partial' as const };
    assert.ok(jsonBytes(makeReport(head, results, VERDICT_BYTES)) <= VERDICT_BYTES);
  });

  it('names chunks for the Web UI', () => {
    const summaries = plan([persistState(), persistState(), publishEvent()]).tiers.flatMap(({ lanes }) =>
      lanes.flatMap(({ chunks }) => chunks.map(({ summary }) => summary)),
    );
    assert.deepEqual(summaries, ['PersistState x 2, 1 namespace', 'PublishEvent x 1, 1 event type']);
  });

  it('splits what does not fit one activity into lanes that keep the order of a key', () => {
    const workflows = Array.from({ length: 40 }, () => randomUUID());
    const intents = Array.from({ length: 1_900 }, (_, index) =>
      persistFsmTransition({ workflow_id: workflows[index % workflows.length]!, transition_count: index + 1 }),
    );
    const [tier] = plan(intents).tiers;
    assert.ok(tier);
    assert.equal(tier.lanes.length, 4);
    const laneOfWorkflow = new Map<string, number>();
    tier.lanes.forEach(({ chunks }, lane) => {
      const order = chunks.flatMap(({ indexes }) => indexes);
      assert.deepEqual(
        order,
        [...order].sort((a, b) => a - b),
      );
      for (const chunk of chunks) assert.ok(chunk.indexes.length <= 500);
      for (const index of order) {
        const workflow = intents[index]!.payload.workflow_id;
        assert.equal(laneOfWorkflow.get(workflow) ?? lane, lane, 'a key is in one lane');
        laneOfWorkflow.set(workflow, lane);
      }
    });
  });

  it('bounds the bytes of a chunk', () => {
    const big = 'x'.repeat(30_000);
    const made = plan(Array.from({ length: 40 }, () => publishEvent({ big })));
    const chunks = made.tiers[0]!.lanes.flatMap((lane) => lane.chunks);
    assert.ok(chunks.length >= 2);
    for (const { indexes } of chunks) assert.ok(indexes.length <= 29);
  });

  it('gives ids that depend on request id, index and content, and not on priority or key order', () => {
    const intent = persistState();
    const ids = (...args: Parameters<typeof plan>) => plan(...args).intents.map(({ id }) => id);
    const [first, second] = ids([intent, intent], { request_id: 'r' });
    assert.notEqual(first, second);
    assert.deepEqual(ids([intent], { request_id: 'r' }), [first]);
    const { payload, ...head } = intent;
    const reordered = { payload: Object.fromEntries(Object.entries(payload).reverse()), ...head, priority: 9 };
    assert.deepEqual(ids([reordered], { request_id: 'r' }), [first]);
    assert.notDeepEqual(ids([intent], { request_id: 'other' }), [first]);
    assert.notDeepEqual(ids([intent]), [first]);
    assert.deepEqual(ids([intent], { request_id: 'workflow-1' }), ids([intent]));
    assert.notDeepEqual(ids([persistState()], { request_id: 'r' }), [first]);
  });

  it('keeps a caller’s intent_id, and refuses it on another payload of the list', () => {
    const intent_id = randomUUID();
    const intent = publishEvent({}, { intent_id });
    const made = plan([intent, intent, publishEvent({}, { intent_id: intent_id.toUpperCase() })]);
    assert.deepEqual(
      made.intents.map(({ id }) => id),
      [intent_id, intent_id, intent_id],
    );
    assert.equal(made.intents[1]!.rejected, undefined);
    assert.match(
      made.intents[2]!.rejected ?? '',
      new RegExp(
        `^intent_id: expected an id of its own, got string ${intent_id}, which intents\\[0\\] has with another payload ` +
          '\\(sha256 [0-9a-f]{12} there, [0-9a-f]{12} here\\)$',
      ),
    );
  });

  it('runs nothing when an invalid intent is at or over the fail-fast priority', () => {
    const bad = { ...persistState(), target: 'nowhere', priority: 2 };
    assert.equal(plan([persistState(), bad]).tiers.length, 0);
    assert.equal(plan([persistState(), bad], { options: { failFastPriority: 3 } }).tiers.length, 1);
  });

  it('refuses lists over the limits, naming the limit', () => {
    const tooMany = Array.from({ length: 2_001 }, () => publishEvent());
    assert.throws(
      () => plan(tooMany),
      new RequestError('intents: the list holds 2001 intents, the limit is 2000; split it into several lists'),
    );
    const big = Array.from({ length: 60 }, () => publishEvent({ big: 'x'.repeat(30_000) }));
    assert.throws(() => plan(big), /intents: the list is 1\d{6} bytes of JSON, the limit is 1500000/);
    const priorities = Array.from({ length: 33 }, (_, priority) => publishEvent({}, { priority }));
    assert.throws(() => plan(priorities), /33 distinct priorities, the limit is 32/);
    const pages = Array.from({ length: 51 }, () => recoverFsmStates());
    assert.throws(() => plan(pages), /51 intents that read pages, the limit is 50/);
    assert.ok(pageBytes(50, 50, VERDICT_BYTES) * 50 < VERDICT_BYTES);
  });

  it('takes lists that are at the limits', () => {
    assert.equal(plan(Array.from({ length: 32 }, (_, priority) => publishEvent({}, { priority }))).tiers.length, 32);
    assert.equal(indexesOf(plan(Array.from({ length: 50 }, () => recoverFsmStates())).tiers[0]!).length, 50);
    // Nothing of the list is run, so that it cannot take too much.
    const stopped = [
      { ...persistState(), target: 'nowhere', priority: 2 },
      ...Array.from({ length: 51 }, () => recoverFsmStates()),
    ];
    assert.deepEqual(plan(stopped).tiers, []);
  });

  it('keeps the limit that was exceeded as the cause', () => {
    assert.throws(
      () => plan(Array(2_001).fill(7)),
      (error: unknown) => error instanceof RequestError && error.cause instanceof LimitError,
    );
  });

  it('is known by the caller’s names, or those that follow from them', () => {
    const namesOf = (rest: Partial<RequestInput>) => {
      const { request_id, correlation_id } = plan([], rest);
      return [request_id, correlation_id];
    };
    assert.deepEqual(namesOf({}), ['workflow-1', 'workflow-1']);
    assert.deepEqual(namesOf({ request_id: 'r' }), ['r', 'r']);
    assert.deepEqual(namesOf({ request_id: 'r', correlation_id: 'c' }), ['r', 'c']);
    assert.deepEqual(namesOf({ correlation_id: 'c' }), ['workflow-1', 'c']);
  });

  it('names the types an operator can look for, sorted, and none that a caller made up', () => {
    const made = plan([publishEvent(), persistState(), persistState(), { intent_type: 'x'.repeat(3_000) }, 7]);
    assert.deepEqual(made.types, ['PersistState', 'PublishEvent', 'unknown']);
  });

  it('gives pages what the other results leave', () => {
    assert.equal(plan([recoverFsmStates(), persistState(), recoverFsmStates()]).page_bytes, pageBytes(3, 2));
    assert.equal(plan([persistState(), persistState()]).page_bytes, pageBytes(2, 0));
  });

  it('notes which STATE_PERSISTED the list publishes itself', () => {
    const aggregation_id = randomUUID();
    const made = plan([publishEvent({ event_type: 'STATE_PERSISTED', aggregation_id }), publishEvent()]);
    assert.deepEqual(made.self_announced, [{ key: `STATE_PERSISTED/${aggregation_id}`, index: 0 }]);
  });
});

describe('parseRequest', () => {
  for (const field of ['request_id', 'correlation_id']) {
    for (const id of ['a\u0000b', 'half \ud800']) {
      it(`refuses ${JSON.stringify(id)} as ${field}, which no row could hold`, () => {
        assert.throws(() => parseRequest({ intents: [], [field]: id }), {
          name: 'RequestError',
          message: `${field}: expected well-formed text without NUL characters, got string ${JSON.stringify(id)}`,
        });
      });
    }
  }

  const refusals: [unknown, RegExp][] = [
    [7, /^input: expected an object \{intents, options\?\}, got number 7$/],
    [[], /^input: expected an object \{intents, options\?\}, got array$/],
    [null, /^input: expected an object \{intents, options\?\}, got null$/],
    [{}, /^intents: expected an array, got nothing$/],
    [{ intents: 'x' }, /^intents: expected an array, got string "x"$/],
    [{ intents: [], request_id: 5 }, /^request_id: expected a string, got number 5$/],
    [{ intents: [], request_id: '' }, /^request_id: expected at least 1 characters, got string ""$/],
    [
      { intents: [], options: { failFastPriority: 'high' } },
      /^options\.failFastPriority: expected a .*number.*, got string "high"$/,
    ],
    [
      { intents: [], options: { derivedEvents: 'some' } },
      /^options\.derivedEvents: expected one of unless_published, all, none, got string "some"$/,
    ],
    [{ intents: [], options: { fast: true } }, /^options: expected no unknown fields \(fast\), got object$/],
    [{ intents: [], 'x\u0000 y': 1 }, /^input: expected no unknown fields \(\["x\\u0000 y"\]\), got object$/],
    [{ intents: [], extra: 1 }, /^input: expected no unknown fields \(extra\), got object$/],
  ];
  for (const [raw, message] of refusals) {
    it(`refuses ${JSON.stringify(raw)}`, () => {
      assert.throws(
        () => parseRequest(raw),
        (error: unknown) => error instanceof RequestError && message.test(error.message),
      );
    });
  }

  it('takes an empty list', () => {
    assert.deepEqual(parseRequest({ intents: [] }).options, { failFastPriority: 2, derivedEvents: 'unless_published' });
  });
});
