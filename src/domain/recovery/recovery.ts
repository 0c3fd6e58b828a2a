/** What `RecoverFsmStatesWorkflow`, its activities and its consumers say to each other. Free of zod: workflow code imports it. */
import type { RecoveredState } from '../intents/recover-fsm-states/schema.js';

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
  /** Which states could not be read, by their workflows, or why the walk ends here; of a report: of its latest page that had one. */
  readonly warning?: string;
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
