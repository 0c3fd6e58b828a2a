/** RecoverFSMStates (seed 3.4): reads the current state of every workflow, a page at a time. */
import { z } from 'zod';
import { fsmState, text, timestamp } from '../fields.js';
import { CURSOR_LENGTH } from '../../values/limits.js';

/** Largest page, the seed's safety limit. */
const MAX_PAGE = 10_000;

export const recoverFsmStatesPayload = z.looseObject({
  /** Correlates the answer with the question. */
  recovery_id: text.min(1).max(255),
  timestamp: timestamp.nullish(),
  /** Accepted, as senders have it; not read: the filters say which. */
  request_all_workflows: z.boolean().default(true),
  /** How far back, in days; the seed's 7 by default. */
  since_days: z.number().positive().max(36_500).default(7),
  /** States per page, 1 to 10,000. */
  limit: z.int().min(1).max(MAX_PAGE).default(MAX_PAGE),
  /** `next_cursor` of the page before. */
  cursor: text.max(CURSOR_LENGTH).nullish(),
  /** Only workflows whose metadata names one of these namespaces. */
  namespaces: z.array(text).min(1).nullish(),
  /** Only workflows in one of these states. */
  states: z.array(fsmState).min(1).nullish(),
  /** Also count what matches (`total_matching`), for a progress bar; a scan of all states. */
  with_total: z.boolean().default(false),
});

export type RecoverFsmStatesPayload = z.infer<typeof recoverFsmStatesPayload>;

export interface RecoveredState {
  readonly current_state: string;
  readonly previous_state: string | null;
  /**
   * Counts how often `transition_count` has started again. Of two states of a workflow the newer one has the higher
   * (epoch, transition_count, arrival); may be 0 or negative, for what was seen after a later epoch.
   */
  readonly epoch: number;
  readonly transition_count: number;
  /** Grows with each arrival; unique. Of two transitions at one place the later arrival counts. */
  readonly arrival: number;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** ISO 8601 in UTC. */
  readonly last_transition_at: string;
}

export interface RecoveredStates {
  readonly recovered_states: Readonly<Record<string, RecoveredState>>;
  readonly total_recovered: number;
  /** Stored states that no answer can hold; the first of them are named in `warning`. */
  readonly failed: number;
  /** True when more states match than the page holds; `next_cursor` then leads on. */
  readonly truncated: boolean;
  readonly next_cursor: string | null;
  /** States that match the filters, over all pages; with `with_total` only. */
  readonly total_matching?: number;
  /** What is not in the page and why: a time-out, or states too large. `next_cursor` goes on after what is in it. */
  readonly warning?: string;
}
