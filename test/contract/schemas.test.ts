/** These tests check the JSON Schemas of the contract: they take what the code takes, and what the documents show. */
import assert from 'node:assert/strict';
import {
  ENVELOPE,
  EVENTS,
  FAILURE,
  INTENT_EMITTED,
  INTENT_RESULT,
  RECOVERED_STATE,
  RECOVERY_SUMMARY,
  REPORT,
  REQUEST,
  RESULTS,
} from '../../scripts/docs/examples.js';
import { INTENTS } from '../../scripts/docs/example-intents.js';
import { contractSchemas } from '../../src/contract/json-schema.js';
import { CONTRACT, PUBLISHED_TYPES, schemaName } from '../../src/contract/schemas.js';
import { PUBLISHABLE_EVENT_TYPES } from '../../src/domain/events/event-types.js';
import { contractProblem } from '../support/contract-validator.js';

const takes = (name: string, value: unknown): void => assert.equal(contractProblem(name, value), null);
const refuses = (name: string, value: unknown): void => assert.notEqual(contractProblem(name, value), null, name);

describe('the schemas of the contract', () => {
  it('have names in small letters with hyphens', () => {
    assert.deepEqual(['PersistFSMTransition', 'RecoverFSMStates', 'STATE_PERSISTED'].map(schemaName), [
      'persist-fsm-transition',
      'recover-fsm-states',
      'state-persisted',
    ]);
    assert.ok([...CONTRACT.keys()].every((name) => /^[a-z]+(-[a-z]+)*$/.test(name)));
  });

  it('take the examples of the documents', () => {
    takes('request', REQUEST);
    takes('intent-emitted', INTENT_EMITTED);
    takes('report', REPORT);
    takes('result', FAILURE);
    takes('envelope', ENVELOPE);
    for (const [type, intent] of Object.entries(INTENTS)) {
      takes('intent', intent);
      takes(schemaName(type), intent.payload);
    }
    for (const [type, result] of Object.entries(RESULTS)) takes(`${schemaName(type)}-result`, result);
    for (const type of PUBLISHABLE_EVENT_TYPES)
      takes(schemaName(type), { ...ENVELOPE, event_type: type, payload: EVENTS[type] });
    takes('intent-result', { ...ENVELOPE, event_type: 'INTENT_RESULT', payload: INTENT_RESULT });
    for (const payload of [RECOVERED_STATE, RECOVERY_SUMMARY])
      takes('fsm-states-recovered', { ...ENVELOPE, event_type: 'FSM_STATES_RECOVERED', payload });
    takes('dead-letter', {
      original_topic: 't',
      original_key: 'k',
      original_data: ENVELOPE,
      failure_reason: 'no broker',
      failure_timestamp: ENVELOPE.event_timestamp,
      retry_attempts: 3,
    });
  });

  it('take times in every form that is taken, and null for a field that is absent', () => {
    const { payload } = INTENTS.PersistState;
    for (const timestamp of ['2026-01-31 12:00', '20260131T120000Z', null]) takes('persist-state', { ...payload, timestamp });
  });

  it('refuse another target, a payload of another type, and an event without its fields', () => {
    refuses('intent', { ...INTENTS.PersistState, target: 'event_bus' });
    refuses('intent', { ...INTENTS.PersistState, payload: INTENTS.PublishEvent.payload });
    refuses('request', { ...REQUEST, option: {} });
    refuses('state-persisted', { ...ENVELOPE, event_type: 'STATE_PERSISTED', payload: { aggregation_id: 'a' } });
    refuses('report', { ...REPORT, outcome: 'done' });
  });

  it('let later versions of what we make have further fields, and callers see no field as read-only', () => {
    const schemas = contractSchemas();
    assert.equal(schemas['report']?.additionalProperties, undefined);
    assert.equal(schemas['request']?.additionalProperties, false);
    assert.doesNotMatch(JSON.stringify(schemas), /readOnly|"\$id":"(?!urn:)/);
    for (const type of PUBLISHED_TYPES) assert.match(String(schemas[schemaName(type)]?.description), new RegExp(type));
  });
});
