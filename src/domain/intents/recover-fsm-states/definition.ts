import { defineIntent } from '../definition.js';
import { recoverFsmStatesPayload } from './schema.js';

export const recoverFsmStates = defineIntent({
  type: 'RecoverFSMStates',
  target: 'store_effect',
  defaultPriority: 2,
  schema: recoverFsmStatesPayload,
  activity: 'recoverFsmStates',
  retryPolicy: 'read',
  // An answer fills a payload by itself, so one recovery is one activity.
  limits: { count: 1, bytes: 900_000 },
  pagedResult: true,
  orderKey: (payload) => payload.recovery_id,
  describe: () => '',
  store: 'postgres',
  announce: () => null,
});
