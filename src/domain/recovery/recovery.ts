/**
 * What `RecoverFsmStatesWorkflow`, its activities and its consumers say to each other. Free of zod: workflow code
 * imports it.
 */
import type { z } from 'zod';
import type { recoveredStateEvent, recoverySummaryEvent } from '../events/schema.js';

/** Which states; every field narrows. */
interface RecoveryFilter {
  /** How far back states that are terminal are of interest, in days; default 7. The others always are. */
  readonly since_days?: number;
  readonly states?: readonly string[];
  /** Namespaces in the states' metadata. */
  readonly namespaces?: readonly string[];
}

export interface RecoveryRequest extends RecoveryFilter {
  /** Correlation id of the events; default: the workflow's first run id. */
  readonly recovery_id?: string;
}

interface RecoveryPageInput extends RecoveryFilter {
  readonly recovery_id: string;
  /** `next_cursor` of the page before; null for the first. */
  readonly cursor: string | null;
}

/** What a recovery comes to: the workflow's result, and the payload of its closing event. */
export type RecoveryReport = Omit<RecoverySummaryEvent, 'kind'>;

/** What was emitted of a page. */
export interface RecoveryPage extends Pick<RecoveryReport, 'emitted' | 'failed' | 'by_state' | 'warning'> {
  readonly next_cursor: string | null;
}

export interface RecoveryActivities {
  /** Emits one page. */
  emitFsmStates(input: RecoveryPageInput): Promise<RecoveryPage>;
  /** Emits the closing event. */
  emitRecoverySummary(report: RecoveryReport): Promise<void>;
}

/** Payload of the event of one state. */
export type RecoveredStateEvent = Readonly<z.infer<typeof recoveredStateEvent>>;

/** Payload of the closing event. */
export type RecoverySummaryEvent = Readonly<z.infer<typeof recoverySummaryEvent>>;

/** States are the callers' words: a report counts so many of them by name, the rest together as `other`. */
const NAMED_STATES = 100;

/** Adds counts by state to `counts`. */
export function addCounts(
  counts: Readonly<Record<string, number>>,
  added: Iterable<readonly [state: string, count: number]>,
): Record<string, number> {
  // A map, because a state may have any name, also one that every object has.
  const sum = new Map(Object.entries(counts));
  for (const [state, count] of added) {
    const name = sum.has(state) || sum.size < NAMED_STATES ? state : 'other';
    sum.set(name, (sum.get(name) ?? 0) + count);
  }
  return Object.fromEntries(sum);
}
