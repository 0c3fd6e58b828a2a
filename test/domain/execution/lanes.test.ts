/**
 * These tests check how the intents of a type are spread over activities. An activity has a limit, and the order of a
 * key is never broken.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { makeEnvelope, toMessage } from '../../../src/domain/events/envelope.js';
import type { AnyIntentDefinition } from '../../../src/domain/intents/definition.js';
import { keyFieldsOf } from '../../../src/domain/intents/publish-event/event.js';
import { type Entry, lanesOf, orderKeyOf } from '../../../src/domain/execution/plan.js';
import { parseIntent } from '../../../src/domain/intents/parse.js';
import { definitions } from '../../support/definitions.js';
import { persistFsmTransition, persistState, publishEvent, recoverFsmStates } from '../../support/intents.js';

const definitionOf = (type: string, limits?: AnyIntentDefinition['limits']): AnyIntentDefinition => {
  const definition = definitions.get(type);
  assert.ok(definition);
  return limits === undefined ? definition : { ...definition, limits };
};
const entriesOf = (raws: readonly unknown[]): Entry[] =>
  raws.map((raw, index) => {
    const intent = parseIntent(raw, definitions);
    assert.ok(intent.ok);
    return { index, intent, key: orderKeyOf(intent, 'c') };
  });
/** Returns intents of one key, all of the same length. */
const alike = (count: number) => {
  const aggregation_id = randomUUID();
  return entriesOf(Array.from({ length: count }, () => persistState({ aggregation_id })));
};
const chunksOf = (entries: readonly Entry[], limits: AnyIntentDefinition['limits']) =>
  lanesOf(definitionOf('PersistState', limits), entries).map(({ chunks }) => chunks.map(({ indexes }) => indexes));

describe('the lanes of a type', () => {
  it('have chunks of as many as an activity takes', () => {
    assert.deepEqual(chunksOf(alike(5), { count: 2, bytes: 1e6 }), [[[0, 1], [2, 3], [4]]]);
    assert.deepEqual(chunksOf(alike(4), { count: 2, bytes: 1e6 }), [
      [
        [0, 1],
        [2, 3],
      ],
    ]);
  });

  it('have chunks of as many bytes as an activity takes, to the byte', () => {
    const entries = alike(3);
    const bytes = entries[0]!.intent.bytes;
    assert.deepEqual(chunksOf(entries, { count: 500, bytes: 3 * bytes }), [[[0, 1, 2]]]);
    assert.deepEqual(chunksOf(entries, { count: 500, bytes: 3 * bytes - 1 }), [[[0, 1], [2]]]);
    assert.deepEqual(chunksOf(entries, { count: 500, bytes: bytes + 1 }), [[[0], [1], [2]]]);
  });

  it('count the bytes of a chunk anew', () => {
    const [large, ...small] = entriesOf([
      publishEvent({ partition_key: 'k', big: 'x'.repeat(5_000) }),
      ...Array.from({ length: 3 }, () => publishEvent({ partition_key: 'k', big: 'x'.repeat(2_000) })),
    ]);
    const limits = { count: 500, bytes: 7_500 };
    const [lane, ...others] = lanesOf(definitionOf('PublishEvent', limits), [large!, ...small]);
    assert.deepEqual(
      [lane?.chunks.map(({ indexes }) => indexes), others],
      [
        [
          [0, 1],
          [2, 3],
        ],
        [],
      ],
    );
  });

  it('hold events of one topic and message key together, and only those', () => {
    const source = { topicPrefix: 'p', sourceInstance: 's', environment: 'e', region: 'r' };
    const messageOf = ({ payload }: ReturnType<typeof publishEvent>, correlationId: string) => {
      const { topic, key } = toMessage(
        'p',
        makeEnvelope(source, {
          ...keyFieldsOf(payload, correlationId),
          intentId: 'i',
          eventType: payload['event_type'],
          timestamp: 't',
          payload,
          sourceNodeId: payload['source_node_id'],
        }),
      );
      return `${topic} ${key}`;
    };
    const anyOf = <T>(...values: T[]) => values;
    const keys = new Map<string, string>();
    for (const event_type of anyOf('NODE_HEARTBEAT' as const, 'AGGREGATION_STARTED' as const))
      for (const partition_key of anyOf(undefined, null, 'k'))
        for (const correlation_id of anyOf(undefined, 'c', 'list'))
          for (const aggregation_id of anyOf(undefined, null, 'a'))
            for (const source_node_id of anyOf(undefined, 'n', 'm'))
              for (const list of anyOf('list', 'other')) {
                const raw = publishEvent({ event_type, partition_key, correlation_id, aggregation_id, source_node_id });
                const intent = parseIntent(raw, definitions);
                assert.ok(intent.ok, JSON.stringify(intent));
                const [order, message] = [orderKeyOf(intent, list), messageOf(raw, list)];
                assert.equal(keys.get(message) ?? order, order, message);
                keys.set(message, order);
              }
    assert.equal(new Set(keys.values()).size, keys.size, 'two message keys have one order key');
  });

  it('keep 600 events of one message key in one lane, whatever node they are of', () => {
    const nodes = ['node-1', 'node-b', 'node-c', 'node-d'];
    const events = Array.from({ length: 600 }, (_, n) =>
      publishEvent({ event_type: 'NODE_HEARTBEAT', aggregation_id: null, source_node_id: nodes[n % 4] }),
    );
    const lanes = lanesOf(definitionOf('PublishEvent'), entriesOf(events));
    assert.deepEqual(
      lanes.flatMap(({ chunks }) => chunks.flatMap(({ indexes }) => indexes)),
      events.map((_, index) => index),
    );
    assert.equal(lanes.length, 1);
  });

  it('are as many as are needed, by number or by bytes, and at most four', () => {
    const many = (count: number) => entriesOf(Array.from({ length: count }, () => persistState()));
    const lanes = (entries: readonly Entry[], limits: AnyIntentDefinition['limits']) =>
      chunksOf(entries, limits).length;
    const sixty = many(60);
    const bytes = sixty.reduce((sum, { intent }) => sum + intent.bytes, 0);
    assert.equal(lanes(sixty, { count: 60, bytes }), 1);
    assert.equal(lanes(sixty, { count: 59, bytes }), 2);
    assert.equal(lanes(sixty, { count: 60, bytes: bytes - 1 }), 2);
    assert.equal(lanes(sixty, { count: 20, bytes }), 3);
    assert.equal(lanes(sixty, { count: 60, bytes: Math.ceil(bytes / 3) }), 3);
    assert.equal(lanes(sixty, { count: 1, bytes }), 4);
  });

  it('say which activity, under which policy, and whether what was given up can be resolved', () => {
    const laneOf = (raw: { intent_type: string }) => {
      const [lane] = lanesOf(definitionOf(raw.intent_type), entriesOf([raw]));
      assert.ok(lane);
      const { chunks, ...rest } = lane;
      return { ...rest, summary: chunks[0]?.summary };
    };
    assert.deepEqual([persistState(), persistFsmTransition(), publishEvent(), recoverFsmStates()].map(laneOf), [
      {
        activity: 'persistStates',
        policy: 'write',
        errorCode: 'DATABASE_ERROR',
        settles: true,
        summary: 'PersistState x 1, 1 namespace',
      },
      {
        activity: 'persistFsmTransitions',
        policy: 'write',
        errorCode: 'DATABASE_ERROR',
        settles: true,
        summary: 'PersistFSMTransition x 1, 1 workflow',
      },
      {
        activity: 'publishEvents',
        policy: 'publish',
        errorCode: 'KAFKA_ERROR',
        settles: true,
        summary: 'PublishEvent x 1, 1 event type',
      },
      // A RecoverFSMStates is in no ledger, so that nobody can say what became of it.
      { activity: 'recoverFsmStates', policy: 'read', errorCode: 'DATABASE_ERROR', summary: 'RecoverFSMStates x 1' },
    ]);
  });

  it('count what is different in a chunk, for whoever looks at the Web UI', () => {
    const summaryOf = (raws: readonly { intent_type: string }[]) =>
      lanesOf(definitionOf(raws[0]!.intent_type), entriesOf(raws))[0]?.chunks[0]?.summary;
    assert.equal(
      summaryOf([
        persistState({ aggregated_data: { a: {}, b: {} } }),
        persistState({ aggregated_data: { b: {}, c: {} } }),
      ]),
      'PersistState x 2, 3 namespaces',
    );
    const workflow_id = randomUUID();
    assert.equal(
      summaryOf([persistFsmTransition({ workflow_id }), persistFsmTransition({ workflow_id }), persistFsmTransition()]),
      'PersistFSMTransition x 3, 2 workflows',
    );
    assert.equal(
      summaryOf([publishEvent(), publishEvent({ event_type: 'NODE_HEARTBEAT' })]),
      'PublishEvent x 2, 2 event types',
    );
  });
});
