/**
 * This module has the parts of a simulation that its Temporal sees: runs, their owners, and the questions to the rest.
 */
import type { Faults } from './faults.js';
import type { Rec } from './records.js';
import type { VirtualClock } from './virtual-clock.js';

/** A fate says how a run ends, if nobody ends it before. */
export interface Fate {
  readonly ms: number;
  /** The number of answered lists at which the run fails; null for a run that completes. */
  readonly failsAfter: number | null;
}

/** An owner is a partition worker of a process, between two events that make it drop its buffer. */
export interface Owner {
  readonly process: number;
  readonly life: number;
}

export interface Run {
  readonly id: string;
  readonly partition: number;
  readonly hash: string;
  readonly recs: readonly (readonly Rec[])[];
  readonly fate: Fate;
  readonly owner: Owner;
  /** Whether the process that started the run got the answer. */
  acknowledged: boolean;
  state: 'open' | 'completed' | 'failed';
  /** The numbers of the lists that this run answered as invalid. */
  invalid: number[];
  readonly ended: (() => void)[];
}

export interface TemporalWorld {
  readonly clock: VirtualClock;
  readonly faults: Faults;
  readonly violations: string[];
  delay(): number;
  fate(): Fate;
  recsOf(eventId: string): readonly Rec[];
  ownerOf(process: number, partition: number): Owner;
  isDead(process: number): boolean;
  /** Returns whether the process may start slices of the partition now. */
  mayStart(process: number, partition: number): boolean;
  /** Is called when something happened that may have decided what becomes of a message. */
  changed(): void;
}
