/**
 * This module says what `fsm_states` should hold, by the rules and not by the trigger. A state only moves forward by
 * (epoch, transition_count, arrival).
 */

export interface Transition {
  readonly workflow: string;
  readonly count: number;
  /** The time of the transition, in minutes. */
  readonly at: number;
  readonly to: string;
}

interface Place {
  readonly state: string;
  readonly epoch: number;
  readonly count: number;
  readonly at: number;
  /** The minute at which the epoch began; the first one began at no known time. */
  readonly since: number;
}

/**
 * This model takes the transitions of workflows in the order of their arrival. The first transition of a later epoch
 * has to arrive before its others, and no two transitions are at one time.
 */
export class FsmModel {
  readonly places = new Map<string, Place>();

  arrive({ workflow, count, at, to }: Transition): void {
    const before = this.places.get(workflow);
    if (before === undefined) {
      this.places.set(workflow, { state: to, epoch: 1, count, at, since: -Infinity });
    } else if (at < before.since) {
      // The transition is late, and of an epoch before.
      return;
    } else if (count > before.count) {
      this.places.set(workflow, { ...before, state: to, count, at });
    } else if (at > before.at) {
      this.places.set(workflow, { state: to, epoch: before.epoch + 1, count, at, since: at });
    }
  }
}
