import type { RecoveredState } from '../intents/recover-fsm-states/schema.js';

type Version = Pick<RecoveredState, 'epoch' | 'transition_count' | 'arrival'>;

/** Returns whether `one` is a newer state of the same workflow than `other`. */
export const isNewer = (one: Version, other: Version): boolean =>
  (one.epoch - other.epoch || one.transition_count - other.transition_count || one.arrival - other.arrival) > 0;
