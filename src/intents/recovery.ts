/** What `RecoverFsmStatesWorkflow`, its activities and its consumers say to each other. Free of zod: workflow code imports it. */
import type { RecoveredState } from './recover-fsm-states/schema.js';

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

/** What was emitted of a page. */
export interface RecoveryPage {
  readonly emitted: number;
  /** States that could not be read or sent, since they are too large for any message. */
  readonly failed: number;
  readonly by_state: Readonly<Record<string, number>>;
  readonly next_cursor: string | null;
}

/** What a recovery came to: the workflow's result, and the payload of its closing event. */
export interface RecoveryReport extends Omit<RecoveryPage, 'next_cursor'> {
  readonly recovery_id: string;
  readonly pages: number;
}

export interface RecoveryActivities {
  /** Emits one page. */
  emitFsmStates(input: RecoveryPageInput): Promise<RecoveryPage>;
  /** Emits the closing event. */
  emitRecoverySummary(report: RecoveryReport): Promise<void>;
}

/** Payload of the event of one state. */
export interface RecoveredStateEvent extends RecoveredState {
  readonly kind: 'state';
  readonly recovery_id: string;
  readonly workflow_id: string;
}

/** Payload of the closing event. */
export interface RecoverySummaryEvent extends RecoveryReport {
  readonly kind: 'summary';
}

/** States are the callers' words: a report counts so many of them by name, the rest together as `other`. */
const NAMED_STATES = 100;

/** Adds up counts by state. */
export function addCounts(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Record<string, number> {
  const sum = { ...a };
  for (const [state, count] of Object.entries(b)) {
    const name = state in sum || Object.keys(sum).length < NAMED_STATES ? state : 'other';
    sum[name] = (sum[name] ?? 0) + count;
  }
  return sum;
}
