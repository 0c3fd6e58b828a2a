/** The parts of a simulation that its Temporal sees: runs, who started them, and the questions to the rest. */
import type { Faults } from './faults.js';
import type { Rec } from './records.js';
import type { VirtualClock } from './virtual-clock.js';

/** How a run ends, if nobody ends it before. */
export interface Fate {
  readonly ms: number;
  /** Null: it completes. Else it fails when this many of its lists are answered. */
  readonly failsAfter: number | null;
}

/** A lane of a process between two events that make it drop what it holds. */
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
  /** Whether the process that started it was told so. */
  acknowledged: boolean;
  state: 'open' | 'completed' | 'failed';
  /** Numbers of its lists that were answered by it, as invalid. */
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
  /** Whether the process may start slices of the partition now. */
  mayStart(process: number, partition: number): boolean;
  /** Something happened that may have settled a message. */
  changed(): void;
}
