/** What `SweepExecutionsWorkflow` and its activities say to each other. Free of zod: workflow code imports it. */
import type { Announcement } from '../execution/batch.js';
import type { Execution } from './port.js';

export interface SweepRequest {
  /** Seconds an execution has to be closed before it is swept. Default 120. */
  readonly grace_seconds?: number;
}

interface EndedInput {
  readonly grace_seconds: number;
  /** Where the page before ended; null for the first. */
  readonly after: string | null;
  /** Executions of a page. */
  readonly limit: number;
}

export interface EndedPage {
  readonly executions: readonly Execution[];
  /** Where the next page starts; null when there is none. */
  readonly next: string | null;
}

export interface UnannouncedInput {
  readonly execution: Execution;
  /** Announcements to leave out: those of the parts before. */
  readonly from: number;
  /** Announcements of a part. */
  readonly limit: number;
}

/** A part of what an execution has to announce, or why that cannot be known. */
export type Unannounced =
  | {
      readonly correlation_id: string;
      readonly page_bytes: number;
      readonly announce: readonly Announcement[];
      /** `from` of the next part; null when there is none. */
      readonly next: number | null;
      /** True for a slice: lists of it may be without an answer. */
      readonly slice?: true;
    }
  | { readonly reason: string };

export interface SweptMark {
  readonly execution: Execution;
  /** Why its effects could not be announced; null: they are. */
  readonly reason: string | null;
}

/** By the names the workflow calls them. */
export interface SweepActivities {
  findEndedExecutions(input: EndedInput): Promise<EndedPage>;
  findUnannounced(input: UnannouncedInput): Promise<Unannounced>;
  /** Copies the envelopes of a slice that nobody has answered to the `.dlq` topic. @returns how many. */
  copyUnanswered(input: { readonly execution: Execution }): Promise<number>;
  markSwept(marks: readonly SweptMark[]): Promise<void>;
}

/** What a sweep came to. */
export interface SweepReport {
  /** Executions whose effects are announced now. */
  readonly swept: number;
  /** Events published for them; a dead letter counts as one. */
  readonly announced: number;
  /** Envelopes of slices copied to the `.dlq` topic, because nobody has answered them. */
  readonly copied: number;
  /** Executions whose history is gone or whose input is no plan. */
  readonly unreadable: number;
  /** Executions left for the next sweep, because a store was unavailable. */
  readonly left: number;
}
