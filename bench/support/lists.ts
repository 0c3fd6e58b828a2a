/** This module makes lists as an orchestrator sends them. */
import { randomUUID } from 'node:crypto';
import type { Intent } from '../../src/client/index.js';

const NOW = '2026-01-01T00:00:00Z';

export const state = (): Intent => {
  const workflows = Array.from({ length: 10 }, () => randomUUID());
  return {
    intent_type: 'PersistState',
    target: 'store_effect',
    payload: {
      aggregation_id: randomUUID(),
      timestamp: NOW,
      aggregated_data: {
        'bench.services.metadata': {
          total_stamps: 100,
          total_size_bytes: 1_024_000,
          unique_file_types_count: 2,
          file_types: ['application/json', 'text/plain'],
          unique_workflows_count: workflows.length,
          workflow_ids: workflows,
        },
      },
      fsm_states: Object.fromEntries(workflows.map((id) => [id, 'COMPLETED'])),
    },
  };
};

const transition = (): Intent => ({
  intent_type: 'PersistFSMTransition',
  target: 'store_effect',
  payload: {
    workflow_id: randomUUID(),
    current_state: 'PROCESSING',
    previous_state: 'PENDING',
    transition_count: 1,
    transition_record: { from_state: 'PENDING', to_state: 'PROCESSING', trigger: 'started', timestamp: NOW },
    metadata: { namespace: 'bench.services.metadata' },
  },
});

export const event = (): Intent => ({
  intent_type: 'PublishEvent',
  target: 'event_bus',
  payload: {
    event_type: 'AGGREGATION_STARTED',
    aggregation_id: randomUUID(),
    aggregation_type: 'namespace_grouping',
    batch_size: 100,
    window_size_ms: 5_000,
    timestamp: NOW,
  },
});

/** @param cursor `next_cursor` of the page before. */
export const recovery = (limit: number, cursor: string | null = null): Intent => ({
  intent_type: 'RecoverFSMStates',
  target: 'store_effect',
  payload: { recovery_id: randomUUID(), limit, cursor },
});

export const many = <T>(n: number, make: () => T): T[] => Array.from({ length: n }, make);

/** Makes a list of half states and half events. */
export const statesAndEvents = (size: number): Intent[] => [...many(size / 2, state), ...many(size / 2, event)];

/**
 * Makes a list of a quarter states, a quarter transitions and half events. It takes two rounds: of two activities, and
 * of one.
 */
export const mixed = (size: number): Intent[] => [
  ...many(size / 4, state),
  ...many(size / 4, transition),
  ...many(size / 2, event),
];

/** Activities in each round that a mixed list takes, for the baseline. */
export const MIXED_ROUNDS = [2, 1];

/** Makes the list of the load test of the seed contract: 500 states, 500 events. */
export const contractList = (): Intent[] => statesAndEvents(1_000);
