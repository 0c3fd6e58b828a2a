/** This module has the intents among the examples of docs/intents.md, and the ids that all examples share. */
import type { IntentOf, IntentType } from '../../src/client/index.js';

export const BRIDGE = '5b0c7c1e-3f6f-4b6c-9a53-0d8f2f6f7a10';
export const WORKFLOW = '0f8fad5b-d9cb-469f-a165-70867728950e';
export const TRANSITION = '019b1f3a-7c40-7d5e-9c1b-2f6a8e4d3b10';
export const RECOVERY = '3d813cbb-47fb-32ba-91df-831e1593ac29';
export const TIME = '2026-11-23T10:00:00Z';
export const RECORDED = '2026-11-23T10:00:00.250Z';

export const INTENTS = {
  PersistState: {
    intent_type: 'PersistState',
    target: 'store_effect',
    payload: {
      aggregation_id: BRIDGE,
      timestamp: TIME,
      aggregated_data: {
        'shop.orders': {
          total_stamps: 120,
          total_size_bytes: 1_048_576,
          unique_file_types_count: 2,
          file_types: ['application/json', 'application/pdf'],
          unique_workflows_count: 1,
          workflow_ids: [WORKFLOW],
        },
      },
      fsm_states: { [WORKFLOW]: 'PROCESSING' },
    },
  },
  PersistFSMTransition: {
    intent_type: 'PersistFSMTransition',
    target: 'store_effect',
    priority: 1,
    payload: {
      workflow_id: WORKFLOW,
      previous_state: 'PENDING',
      current_state: 'PROCESSING',
      transition_count: 1,
      transition_record: {
        from_state: 'PENDING',
        to_state: 'PROCESSING',
        trigger: 'order_received',
        timestamp: TIME,
        metadata: { source: 'web' },
      },
      transition_history: [],
      metadata: { namespace: 'shop.orders' },
      timestamp: TIME,
    },
  },
  PublishEvent: {
    intent_type: 'PublishEvent',
    target: 'event_bus',
    intent_id: '7c9e6679-7425-40de-944b-e07fc1f90ae7',
    payload: {
      event_type: 'AGGREGATION_COMPLETED',
      aggregation_id: BRIDGE,
      correlation_id: 'reduction-42',
      causation_id: 'order-1007',
      source_node_id: 'reducer-3',
      partition_key: BRIDGE,
      total_items: 120,
      timestamp: TIME,
    },
  },
  RecoverFSMStates: {
    intent_type: 'RecoverFSMStates',
    target: 'store_effect',
    payload: {
      recovery_id: RECOVERY,
      request_all_workflows: true,
      since_days: 30,
      limit: 100,
      cursor: null,
      namespaces: ['shop.orders'],
      states: ['PROCESSING'],
      with_total: true,
      timestamp: TIME,
    },
  },
} as const satisfies { readonly [Type in IntentType]: IntentOf<Type> };
