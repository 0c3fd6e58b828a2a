import assert from 'node:assert/strict';
import { enumName } from '../../../src/domain/intents/operation-failed.js';
import { parseIntent } from '../../../src/domain/intents/parse.js';
import { definitions } from '../../support/definitions.js';
import { persistFsmTransition, persistState, publishEvent, recoverFsmStates } from '../../support/intents.js';

const parse = (raw: unknown) => parseIntent(raw, definitions);
const errorOf = (raw: unknown): string => {
  const parsed = parse(raw);
  return parsed.ok ? 'no error' : parsed.error;
};

const nested = (levels: number): unknown => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);

const persisted = (timestamp: string) => ({
  aggregation_id: '12000000-0000-4000-8000-000000000000',
  aggregated_data: { c12: { total_stamps: 1 } },
  timestamp,
});
// The ledger has the first two. With others, what it has would be executed again.
const HASH_OF_NAIVE = 'b459173f6bc2fa10d14384c79d5adcea7c7165e48ca4d220bb24a3f5e28c5c71';
const HASH_OF_UTC = 'b156c369cc799ea11e331111ddcb643dbadecc9ae322489ae34fd770c910ed07';
const HASH_OF_SPACE = '22e2345ddf0566195e646bf49ff1530ce921ba47273495bd07c5fe313c700115';

describe('parseIntent', () => {
  it('takes the four intent types with the priorities of the seed contract', () => {
    const priorities = [publishEvent(), persistState(), persistFsmTransition(), recoverFsmStates()].map((intent) => {
      const parsed = parse(intent);
      assert.ok(parsed.ok, JSON.stringify(parsed));
      return parsed.priority;
    });
    assert.deepEqual(priorities, [0, 1, 1, 2]);
  });

  it('normalises states to upper case, ids to lower case, times without an offset to UTC', () => {
    const parsed = parse(
      persistFsmTransition({
        workflow_id: '0F8FAD5B-D9CB-469F-A165-70867728950E',
        current_state: 'completed',
        timestamp: '2026-01-01T00:00:00.123456',
      }),
    );
    assert.ok(parsed.ok);
    assert.deepEqual(
      { ...(parsed.payload as object), transition_record: null, metadata: null },
      {
        workflow_id: '0f8fad5b-d9cb-469f-a165-70867728950e',
        previous_state: 'PENDING',
        current_state: 'COMPLETED',
        transition_count: 1,
        timestamp: '2026-01-01T00:00:00.123456Z',
        transition_record: null,
        metadata: null,
      },
    );
  });

  it('takes the hash of a time as it was sent', () => {
    const hashes = ['2026-01-31T12:00:00', '2026-01-31T12:00:00Z', '2026-01-31 12:00:00+00'].map((timestamp) => {
      const parsed = parse({ intent_type: 'PersistState', target: 'store_effect', payload: persisted(timestamp) });
      assert.ok(parsed.ok, JSON.stringify(parsed));
      return parsed.hash;
    });
    assert.deepEqual(hashes, [HASH_OF_NAIVE, HASH_OF_UTC, HASH_OF_SPACE]);
  });

  it('keeps unknown fields of a PublishEvent', () => {
    const parsed = parse(publishEvent({ anything: { deep: [1] } }));
    assert.ok(parsed.ok);
    assert.deepEqual((parsed.payload as Record<string, unknown>)['anything'], { deep: [1] });
  });

  const refusals: [string, unknown, RegExp][] = [
    ['no object', 7, /^intent: expected an object, got number 7$/],
    ['null', null, /^intent: expected an object, got null$/],
    ['a text that PostgreSQL refuses', 'a\u0000', /^intent: expected an object, got string "a\\u0000"$/],
    ['a list', [], /^intent: expected an object, got array$/],
    ['no type', { ...publishEvent(), intent_type: undefined }, /^intent_type: expected a string, got nothing$/],
    [
      'an unknown type',
      { ...publishEvent(), intent_type: 'SendMail' },
      /^intent_type: expected one of .*PersistState.*, got string "SendMail"$/,
    ],
    [
      'a wrong target',
      { ...persistState(), target: 'event_bus' },
      /^target: expected "store_effect" for PersistState, got string "event_bus"$/,
    ],
    [
      'a payload that is no object',
      { ...publishEvent(), payload: 'x' },
      /^payload: expected an object, got string "x"$/,
    ],
    [
      'a priority that is no whole number',
      { ...publishEvent(), priority: 1.5 },
      /^priority: expected a whole number .*, got number 1.5$/,
    ],
    ['an id that is no UUID', { ...publishEvent(), intent_id: 'x' }, /^intent_id: expected a UUID, got string "x"$/],
    ['a missing field', { ...persistState(), payload: {} }, /^payload\.aggregat\w+: expected .*, got nothing$/],
    [
      'a wrong type',
      persistState({ aggregation_id: 5 as never }),
      /^payload\.aggregation_id: expected a string, got number 5$/,
    ],
    [
      'a count that is no number',
      persistState({ aggregated_data: { 'a.b': { total_stamps: '5' as never } } }),
      /^payload\.aggregated_data\["a\.b"\]\.total_stamps: expected a number, got string "5"$/,
    ],
    [
      'a negative count',
      persistState({ aggregated_data: { n: { total_stamps: -1 } } }),
      /total_stamps: expected at least 0, got number -1$/,
    ],
    [
      'a number beyond BIGINT',
      persistState({ aggregated_data: { n: { total_stamps: 9223372036854775808 } } }),
      /total_stamps: expected .*9007199254740991.*, got number$/,
    ],
    [
      'no namespace',
      persistState({ aggregated_data: {} }),
      /^payload\.aggregated_data: expected at least one namespace, got object$/,
    ],
    [
      'a long namespace',
      persistState({ aggregated_data: { ['n'.repeat(256)]: {} } }),
      /^payload\.aggregated_data\[.*\]: expected a valid key \(at most 255 characters\), got string "n{80}… \(256 characters\)"$/,
    ],
    [
      'an unknown event type',
      publishEvent({ event_type: 'NOPE' as never }),
      /^payload\.event_type: expected one of AGGREGATION_STARTED, .*, OPERATION_FAILED, got string "NOPE"$/,
    ],
    [
      'an event type of the service',
      publishEvent({ event_type: 'INTENT_RESULT' as never }),
      /^payload\.event_type: expected one of/,
    ],
    [
      'an invalid time',
      persistState({ timestamp: 'yesterday' }),
      /^payload\.timestamp: expected a time such as 2026-01-31T12:00:00\.123456Z \(.*without an offset it is UTC; years 0001 to 9999\), got string "yesterday"$/,
    ],
    [
      'a time that is a number',
      persistState({ timestamp: 1769860800 as never }),
      /^payload\.timestamp: expected a time such as 2026-01-31T12:00:00\.123456Z \(.*\), got number 1769860800$/,
    ],
    [
      'a long state',
      persistFsmTransition({ current_state: 'S'.repeat(51) }),
      /^payload\.current_state: expected at most 50 characters, got string "S{51}"$/,
    ],
    [
      'a page over the limit',
      recoverFsmStates({ limit: 10_001 }),
      /^payload\.limit: expected at most 10000, got number 10001$/,
    ],
    [
      'a NUL character',
      persistFsmTransition({ metadata: { note: 'a\u0000b' } }),
      /^payload\.metadata\.note: expected text without NUL/,
    ],
    ['a NUL character in a key', publishEvent({ ['a\u0000']: 1 }), /^payload\["a\\u0000"\]: expected text without NUL/],
    ['half of a surrogate pair', publishEvent({ note: '\ud800' }), /^payload\.note: expected well-formed Unicode/],
    [
      'a __proto__ key',
      JSON.parse(
        '{"intent_type":"PublishEvent","target":"event_bus","payload":{"event_type":"NODE_HEARTBEAT","__proto__":{"x":1}}}',
      ),
      /^payload\.__proto__: expected another key/,
    ],
    [
      'nesting of 1,000 levels',
      publishEvent({ deep: nested(1_000) }),
      /^payload\.deep\.a\.a…: expected at most 64 levels of nesting, got more$/,
    ],
    [
      'nesting of 100,000 levels',
      publishEvent({ deep: nested(100_000) }),
      /expected at most 64 levels of nesting, got more$/,
    ],
    [
      'an event over the batch limit',
      publishEvent({ big: 'x'.repeat(32_000).repeat(30) }),
      /^payload: expected at most 900000 bytes of JSON, got object of 9\d{5} bytes$/,
    ],
    [
      'an event that is over the batch limit by what is beside its payload',
      { ...publishEvent(), note: 'x'.repeat(32_000).repeat(30) },
      /^payload: expected at most 900000 bytes of JSON, got object of 9\d{5} bytes$/,
    ],
    [
      'a workflow id in fsm_states that is too long',
      persistState({ fsm_states: { ['x'.repeat(32_768)]: 'PROCESSING' } }),
      /^payload\.fsm_states\["x{80}… \(32768 characters\)"\]: expected a valid key \(at most 32767 characters\), got string "x{80}… \(32768 characters\)"$/,
    ],
  ];
  for (const [what, raw, message] of refusals) {
    it(`refuses ${what}, naming field, expectation and type`, () => {
      assert.match(errorOf(raw), message);
    });
  }
});

describe('enumName', () => {
  it('is the upstream enumeration’s', () => {
    assert.deepEqual(['PublishEvent', 'PersistState', 'PersistFSMTransition', 'RecoverFSMStates'].map(enumName), [
      'PUBLISH_EVENT',
      'PERSIST_STATE',
      'PERSIST_FSM_TRANSITION',
      'RECOVER_FSM_STATES',
    ]);
  });
});
