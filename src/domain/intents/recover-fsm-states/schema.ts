/** This module describes the payload and the result of RecoverFSMStates. Its descriptions become docs/intents.md. */
import { z } from 'zod';
import { fsmState, text, timestamp, withDefault } from '../fields.js';
import { CURSOR_LENGTH } from '../../values/limits.js';

/** The largest page, in states (docs/seed.md). */
const MAX_PAGE = 10_000;

export const recoverFsmStatesPayload = z
  .looseObject({
    recovery_id: text.min(1).max(255).describe('A name that correlates the answer with the question.'),
    timestamp: timestamp.nullish().describe('When the question was asked. It is not read.'),
    request_all_workflows: withDefault(z.boolean(), true).describe(
      'Accepted, because senders have it. It is not read: the filters select.',
    ),
    since_days: withDefault(z.number().positive().max(36_500), 7).describe(
      'How far back workflows in a terminal state are of interest, in days. All others are returned, however old.',
    ),
    limit: withDefault(z.int().min(1).max(MAX_PAGE), MAX_PAGE).describe('The most states of the page.'),
    cursor: text.max(CURSOR_LENGTH).nullish().describe('The `next_cursor` of the page before.'),
    namespaces: z
      .array(text)
      .min(1)
      .nullish()
      .describe('Selects workflows whose metadata names one of these namespaces.'),
    states: z.array(fsmState).min(1).nullish().describe('Selects workflows in one of these states.'),
    with_total: withDefault(z.boolean(), false).describe(
      'Whether to count what matches (`total_matching`). It costs a scan of all that matches.',
    ),
  })
  .describe('Reads the current state of every workflow, a page at a time. Further fields are ignored.');

export type RecoverFsmStatesPayload = z.infer<typeof recoverFsmStatesPayload>;

export const recoveredState = z.object({
  current_state: z.string().describe('The state of the workflow.'),
  previous_state: z.string().nullable().describe('The state before; null for none.'),
  epoch: z
    .int()
    .describe(
      'How often `transition_count` has started again. Keep the state with the higher (`epoch`, `transition_count`, `arrival`).',
    ),
  transition_count: z.int().describe('The number of the latest transition.'),
  arrival: z.int().describe('A unique number that grows with each arrival. It decides between equal counts.'),
  metadata: z.record(z.string(), z.unknown()).readonly().describe('The metadata of the latest transition.'),
  last_transition_at: z.string().describe('When the latest transition happened, ISO 8601 in UTC.'),
});

/** A `RecoveredState` is the state that one FSM workflow had after its latest transition. */
export type RecoveredState = Readonly<z.infer<typeof recoveredState>>;

export const recoveredStates = z.object({
  recovered_states: z
    .record(z.string(), recoveredState.readonly())
    .readonly()
    .describe(
      'The states of the page, each under its workflow id. Without a `cursor` they are the newest, newest first; all pages after that go by workflow id.',
    ),
  total_recovered: z.int().describe('How many states the page holds.'),
  failed: z.int().describe('How many stored states no answer can hold. `warning` names the first ten.'),
  truncated: z.boolean().describe('Whether more states match than the page holds.'),
  next_cursor: z
    .string()
    .nullable()
    .describe(
      'The `cursor` of the next page; null after the last. All pages together hold every workflow that matches from the first page to its own.',
    ),
  total_matching: z
    .int()
    .exactOptional()
    .describe('How many states match the filters, over all pages. Only with `with_total`.'),
  warning: z
    .string()
    .exactOptional()
    .describe(
      'What the page lacks, and why: a time-out, or states that are too large. `next_cursor` continues after the page.',
    ),
});

export type RecoveredStates = Readonly<z.infer<typeof recoveredStates>>;
