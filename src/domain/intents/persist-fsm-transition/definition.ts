import { counted, defineIntent } from '../definition.js';
import { persistFsmTransitionPayload } from './schema.js';

export const persistFsmTransition = defineIntent({
  type: 'PersistFSMTransition',
  target: 'store_effect',
  defaultPriority: 1,
  schema: persistFsmTransitionPayload,
  activity: 'persistFsmTransitions',
  retryPolicy: 'write',
  ledger: 'with-effect',
  limits: { count: 500, bytes: 900_000 },
  orderKey: (payload) => payload.workflow_id,
  describe: (payloads) => counted(new Set(payloads.map((payload) => payload.workflow_id)).size, 'workflow'),
  store: 'postgres',
  announce: (result) =>
    // A duplicate is the same transition under another intent: its event has been sent for the first one.
    result['duplicate'] === true
      ? null
      : {
          event_type: 'FSM_STATE_TRANSITIONED',
          partition_key: String(result['workflow_id']),
          payload: {
            workflow_id: result['workflow_id'],
            from_state: result['from_state'],
            to_state: result['to_state'],
            transition_id: result['transition_id'],
            timestamp: result.timestamp,
          },
        },
});
