/**
 * This module has the types that `SweepExecutionsWorkflow` and its activities share. It is free of zod, because
 * workflow code imports it.
 */
import type { Announcement } from '../execution/batch.js';
import type { Execution } from './port.js';

export interface SweepRequest {
  /** Seconds an execution has to be closed before it is swept. Default 120. */
  readonly grace_seconds?: number;
}

interface EndedInput {
  readonly grace_seconds: number;
  /** The `next` of the page before; null for the first. */
  readonly after: string | null;
  /** The most executions of a page. */
  readonly limit: number;
}

export interface EndedPage {
  readonly executions: readonly Execution[];
  /** The cursor of the next page; null when there is no next page. */
  readonly next: string | null;
}

export interface UnannouncedInput {
  readonly execution: Execution;
  /** The number of announcements to leave out: those of the parts before. */
  readonly from: number;
  /** The most announcements of a part. */
  readonly limit: number;
}

/** `Unannounced` is a part of the announcements of an execution, or the reason why they cannot be known. */
export type Unannounced =
  | {
      readonly correlation_id: string;
      readonly page_bytes: number;
      readonly announce: readonly Announcement[];
      /** The `from` of the next part; null when there is no next part. */
      readonly next: number | null;
      /** Whether the execution is a slice, of which lists may be without an answer. */
      readonly slice?: true;
    }
  | { readonly reason: string };

export interface SweptMark {
  readonly execution: Execution;
  /** The reason why the execution's effects could not be announced; null when they are announced. */
  readonly reason: string | null;
}

/** These are the activities of the sweep, by the names that the workflow calls. */
export interface SweepActivities {
  findEndedExecutions(input: EndedInput): Promise<EndedPage>;
  findUnannounced(input: UnannouncedInput): Promise<Unannounced>;
  /** Copies the envelopes of a slice that nobody has answered to the `.dlq` topic. @returns how many. */
  copyUnanswered(input: { readonly execution: Execution }): Promise<number>;
  markSwept(marks: readonly SweptMark[]): Promise<void>;
}

/** A `SweepReport` counts what a sweep did. */
export interface SweepReport {
  /** Executions whose effects are announced now. */
  readonly swept: number;
  /** Events published for these executions; a dead letter counts as one. */
  readonly announced: number;
  /** Envelopes of slices copied to the `.dlq` topic, because nobody has answered them. */
  readonly copied: number;
  /** Executions whose history is gone or whose input is no plan. */
  readonly unreadable: number;
  /** Executions left for the next sweep, because a store was unavailable. */
  readonly left: number;
}
