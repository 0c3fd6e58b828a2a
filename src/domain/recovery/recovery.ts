/**
 * This module has the types that `RecoverFsmStatesWorkflow`, its activities and its consumers share. It is free of zod,
 * because workflow code imports it.
 */
import type { z } from 'zod';
import type { recoveredStateEvent, recoverySummaryEvent } from '../events/schema.js';

/** This filter selects states to recover. Every field narrows the selection. */
interface RecoveryFilter {
  /** Days for which terminal states are of interest; default 7. Other states always are. */
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

/** A `RecoveryReport` is the workflow's result and the payload of its closing event. */
export type RecoveryReport = Omit<RecoverySummaryEvent, 'kind'>;

/** A `RecoveryPage` counts the states that were emitted of a page. */
export interface RecoveryPage extends Pick<RecoveryReport, 'emitted' | 'failed' | 'by_state' | 'warning'> {
  readonly next_cursor: string | null;
}

export interface RecoveryActivities {
  /** Emits one page of states. */
  emitFsmStates(input: RecoveryPageInput): Promise<RecoveryPage>;
  /** Emits the closing event. */
  emitRecoverySummary(report: RecoveryReport): Promise<void>;
}

/** This is the payload of the event of one state. */
export type RecoveredStateEvent = Readonly<z.infer<typeof recoveredStateEvent>>;

/** This is the payload of the closing event. */
export type RecoverySummaryEvent = Readonly<z.infer<typeof recoverySummaryEvent>>;

/**
 * The most states that a report counts by name; it counts the rest together as `other`. States are the callers' words,
 * so there may be many.
 */
const NAMED_STATES = 100;

/** Adds counts by state to `counts`. */
export function addCounts(
  counts: Readonly<Record<string, number>>,
  added: Iterable<readonly [state: string, count: number]>,
): Record<string, number> {
  // The sum is a map, because a state may have any name, also one that every object has.
  const sum = new Map(Object.entries(counts));
  for (const [state, count] of added) {
    const name = sum.has(state) || sum.size < NAMED_STATES ? state : 'other';
    sum.set(name, (sum.get(name) ?? 0) + count);
  }
  return Object.fromEntries(sum);
}
