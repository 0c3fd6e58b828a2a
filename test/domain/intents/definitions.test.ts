/** These tests check the definition of each intent type: priorities, limits, keys, and the event that announces it. */
import assert from 'node:assert/strict';
import { counted } from '../../../src/domain/intents/definition.js';
import { groupBy } from '../../../src/domain/values/group-by.js';
import type { IntentResult } from '../../../src/domain/intents/result.js';
import { parseIntent } from '../../../src/domain/intents/parse.js';
import { definitions } from '../../support/definitions.js';
import { persistFsmTransition, persistState, publishEvent, recoverFsmStates } from '../../support/intents.js';

const ID = '0f8fad5b-d9cb-469f-a165-70867728950e';
const result = (rest: object): IntentResult => ({
  intent_id: 'i',
  intent_type: 't',
  status: 'succeeded',
  success: true,
  error: null,
  execution_time_ms: 0,
  timestamp: 'then',
  ...rest,
});
const announced = (type: string, rest: object) => definitions.get(type)?.announce(result(rest));
const read = (raw: { intent_type: string }) => {
  const intent = parseIntent(raw, definitions);
  assert.ok(intent.ok);
  return { ...intent, key: intent.definition.orderKey(intent.payload, 'of the list') as unknown };
};

describe('the intent types', () => {
  it('are those of docs/intents.md, with the numbers of the seed contract', () => {
    const limits = { count: 500, bytes: 900_000 };
    const byType = [...definitions.values()].sort(({ type: a }, { type: b }) => (a < b ? -1 : 1));
    const rows = byType.map((one) => [
      one.type,
      one.target,
      one.defaultPriority,
      one.activity,
      one.retryPolicy,
      one.ledger,
      one.limits,
      one.pagedResult,
      one.store,
    ]);
    assert.deepEqual(rows, [
      [
        'PersistFSMTransition',
        'store_effect',
        1,
        'persistFsmTransitions',
        'write',
        'with-effect',
        limits,
        undefined,
        'postgres',
      ],
      ['PersistState', 'store_effect', 1, 'persistStates', 'write', 'with-effect', limits, undefined, 'postgres'],
      ['PublishEvent', 'event_bus', 0, 'publishEvents', 'publish', 'after-effect', limits, undefined, 'kafka'],
      [
        'RecoverFSMStates',
        'store_effect',
        2,
        'recoverFsmStates',
        'read',
        undefined,
        { count: 1, bytes: 900_000 },
        true,
        'postgres',
      ],
    ]);
  });

  it('keep the order of a bridge, a workflow, an event’s topic and key, and of nothing else', () => {
    assert.equal(read(persistState({ aggregation_id: ID.toUpperCase() })).key, ID);
    assert.equal(read(persistFsmTransition({ workflow_id: ID.toUpperCase() })).key, ID);
    assert.equal(read(recoverFsmStates({ recovery_id: 'r' })).key, 'r');
    const eventKey = (rest: object) =>
      read(publishEvent({ event_type: 'NODE_HEARTBEAT', aggregation_id: null, ...rest })).key;
    assert.deepEqual(
      [
        { partition_key: 'k', correlation_id: 'c', aggregation_id: 'a', source_node_id: 'n' },
        { correlation_id: 'c', aggregation_id: 'a', source_node_id: 'n' },
        { aggregation_id: 'a', source_node_id: 'n' },
        { source_node_id: 'n' },
        {},
      ].map(eventKey),
      ['k', 'c', 'a', 'of the list', 'of the list'].map((key) => `NODE_HEARTBEAT/${key}`),
    );
  });

  it('announce a persisted state with its counts', () => {
    assert.deepEqual(
      announced('PersistState', { aggregation_id: ID, namespaces_persisted: ['a', 'b'], total_workflows: 3 }),
      {
        event_type: 'STATE_PERSISTED',
        partition_key: ID,
        payload: { aggregation_id: ID, namespaces_count: 2, workflows_count: 3, timestamp: 'then' },
      },
    );
  });

  it('announce a transition once, whatever intents bring it', () => {
    const moved = { workflow_id: ID, from_state: 'A', to_state: 'B', transition_id: 7 };
    assert.deepEqual(announced('PersistFSMTransition', moved), {
      event_type: 'FSM_STATE_TRANSITIONED',
      partition_key: ID,
      payload: { ...moved, timestamp: 'then' },
    });
    assert.notEqual(announced('PersistFSMTransition', { ...moved, duplicate: false }), null);
    assert.equal(announced('PersistFSMTransition', { ...moved, duplicate: true }), null);
  });

  it('announce neither events nor answers', () => {
    assert.equal(announced('PublishEvent', {}), null);
    assert.equal(announced('RecoverFSMStates', {}), null);
  });

  it('know which event stands for a derived one: of that type, and with a subject', () => {
    const standsFor = (payload: Parameters<typeof publishEvent>[0]) => {
      const { definition, payload: parsed } = read(publishEvent(payload));
      return definition.announcedBy?.(parsed);
    };
    const [id, lower] = ['ABC', 'abc'];
    assert.equal(standsFor({ event_type: 'STATE_PERSISTED', aggregation_id: id }), `STATE_PERSISTED/${lower}`);
    assert.equal(standsFor({ event_type: 'STATE_PERSISTED', aggregation_id: null }), null);
    assert.equal(standsFor({ event_type: 'NODE_HEARTBEAT', aggregation_id: id }), null);
    assert.ok(!('announcedBy' in read(persistState()).definition));
  });

  it('count in words', () => {
    assert.deepEqual(
      [0, 1, 2].map((n) => counted(n, 'namespace')),
      ['0 namespaces', '1 namespace', '2 namespaces'],
    );
  });
});

describe('groups', () => {
  it('are in the order of their first members, and these in their own', () => {
    const groups = groupBy([3, 1, 4, 1, 5, 9, 2, 6], (n) => n % 3);
    assert.deepEqual(
      [...groups],
      [
        [0, [3, 9, 6]],
        [1, [1, 4, 1]],
        [2, [5, 2]],
      ],
    );
  });
});
