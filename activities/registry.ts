/**
 * This is the list of the service's intent types, a line each. The planner, the validation, the activities, the metrics
 * and the client's types all follow from it; see docs/extending/intent.md.
 */
export { persistFsmTransition } from './effects/persist-fsm-transition.js';
export { persistState } from './effects/persist-state.js';
export { publishEvent } from './effects/publish-event.js';
export { recoverFsmStates } from './effects/recover-fsm-states.js';
