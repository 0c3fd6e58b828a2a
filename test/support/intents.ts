/** This module makes valid intents to start a test from. */
import { randomUUID } from 'node:crypto';
import type { IntentOf } from '../../src/client/index.js';

export const persistState = (
  payload: Partial<IntentOf<'PersistState'>['payload']> = {},
  rest: Partial<IntentOf<'PersistState'>> = {},
): IntentOf<'PersistState'> => ({
  intent_type: 'PersistState',
  target: 'store_effect',
  ...rest,
  payload: {
    aggregation_id: randomUUID(),
    timestamp: '2026-01-01T00:00:00Z',
    aggregated_data: {
      'test.namespace': { total_stamps: 100, unique_workflows_count: 10, file_types: ['text/plain'] },
    },
    fsm_states: {},
    ...payload,
  },
});

export const persistFsmTransition = (
  payload: Partial<IntentOf<'PersistFSMTransition'>['payload']> = {},
  rest: Partial<IntentOf<'PersistFSMTransition'>> = {},
): IntentOf<'PersistFSMTransition'> => ({
  intent_type: 'PersistFSMTransition',
  target: 'store_effect',
  ...rest,
  payload: {
    workflow_id: randomUUID(),
    previous_state: 'PENDING',
    current_state: 'PROCESSING',
    transition_count: 1,
    transition_record: {
      from_state: 'PENDING',
      to_state: 'PROCESSING',
      trigger: 'started',
      timestamp: '2026-01-01T00:00:00Z',
    },
    metadata: { namespace: 'test.namespace' },
    ...payload,
  },
});

export const publishEvent = (
  payload: Partial<IntentOf<'PublishEvent'>['payload']> = {},
  rest: Partial<IntentOf<'PublishEvent'>> = {},
): IntentOf<'PublishEvent'> => ({
  intent_type: 'PublishEvent',
  target: 'event_bus',
  ...rest,
  payload: { event_type: 'AGGREGATION_STARTED', aggregation_id: randomUUID(), batch_size: 10, ...payload },
});

export const recoverFsmStates = (
  payload: Partial<IntentOf<'RecoverFSMStates'>['payload']> = {},
  rest: Partial<IntentOf<'RecoverFSMStates'>> = {},
): IntentOf<'RecoverFSMStates'> => ({
  intent_type: 'RecoverFSMStates',
  target: 'store_effect',
  ...rest,
  payload: { recovery_id: randomUUID(), request_all_workflows: true, ...payload },
});
