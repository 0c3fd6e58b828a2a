import type { RecoveredState } from './schema.js';

type Place = Pick<RecoveredState, 'epoch' | 'transition_count' | 'arrival'>;

/** Whether `one` is a later state of the same workflow than `other`. */
export function isNewer(one: Place, other: Place): boolean {
  if (one.epoch !== other.epoch) return one.epoch > other.epoch;
  if (one.transition_count !== other.transition_count) return one.transition_count > other.transition_count;
  return one.arrival > other.arrival;
}
