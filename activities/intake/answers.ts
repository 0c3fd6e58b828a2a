/**
 * This module makes the events that answer the lists of a slice. A list gets its verdict. A list whose event id belongs
 * to another list gets the reason why it is rejected (ADR 0030).
 */
import type { Info } from '@temporalio/activity';
import type { Announcement } from '../../src/domain/execution/batch.js';
import { makeReport } from '../../src/domain/execution/report.js';
import { asWritten, type Conflict, type Verdict, VERDICT_BYTES } from '../../src/domain/intake/list.js';
import type { OpenList, OpenSlice } from '../../src/domain/intake/open-slice.js';
import type { Answer, StoredVerdict } from '../../src/domain/intake/ports.js';
import type { AnswerInput } from '../../src/domain/intake/slice.js';
import { conflictText, isOtherList } from '../../src/domain/intake/used-ids.js';
import { conflictId, resultIdOf } from '../../src/domain/values/ids.js';

/** A `MadeVerdict` is a verdict with its list. */
export interface MadeVerdict extends Answer {
  readonly number: number;
  readonly open: OpenList;
  readonly list_hash: string;
}

/** `Answered` are the lists of a call: conflicts of the plan, and verdicts that are made, stored, or were stored. */
interface Answered {
  readonly conflicts: NonNullable<AnswerInput['conflicts']>;
  readonly verdicts: readonly MadeVerdict[];
  readonly stored: ReadonlyMap<string, StoredVerdict>;
  readonly again: ReadonlyMap<string, StoredVerdict>;
}

/** Returns the conflicts among the lists of a call, with what is known of each. */
export const conflictsOf = (
  { conflicts, verdicts, stored, again }: Answered,
  slice: OpenSlice,
): ReadonlyMap<OpenList, Partial<Verdict>> =>
  new Map<OpenList, Partial<Verdict>>([
    // Workers of before 2026-11-28 plan another list under an answered event id as a repeat.
    ...[...again.values()].flatMap((answer) => othersOf(answer, slice)),
    ...conflicts.map(({ number, error }) => [slice.list(number), { error }] as const),
    // Two partitions may execute two lists under one event id side by side. Each is answered by what it did.
    ...verdicts
      .filter((made) => isOtherList(stored.get(made.verdict.event_id)?.list_hash ?? null, made.list_hash))
      .map(({ open, verdict }) => [open, verdict] as const),
  ]);

/** Makes the events of a stored verdict, one for each way in which messages of its list write the event id. */
export function answersOf({ verdict, list_hash }: StoredVerdict, slice: OpenSlice): Announcement[] {
  const lists = slice.listsOf(verdict.event_id).filter((list) => !isOtherList(list_hash, slice.hashOf(list)));
  return [...new Set(lists.map(({ written_event_id }) => written_event_id))].map((eventId) => {
    const { correlation_id, shared: _, ...payload } = asWritten(verdict, eventId);
    return {
      intent_id: eventId,
      event_type: 'INTENT_RESULT',
      event_id: resultIdOf(eventId, verdict.rerun_at),
      partition_key: null,
      correlation_id,
      payload,
    };
  });
}

/** Returns the other lists under the event id of a stored verdict, and why they are rejected. */
const othersOf = ({ verdict, list_hash }: StoredVerdict, slice: OpenSlice): [OpenList, Partial<Verdict>][] =>
  slice.listsOf(verdict.event_id).flatMap((list): [OpenList, Partial<Verdict>][] => {
    const hash = slice.hashOf(list);
    return isOtherList(list_hash, hash) ? [[list, { error: conflictText(list, list_hash, hash) }]] : [];
  });

/**
 * Makes the event that answers a list whose event id belongs to another list. The event has an id of its own, so that
 * no consumer takes it for a copy of the other answer.
 */
export function answerOfConflict(list: OpenList, known: Partial<Verdict>, slice: OpenSlice, info: Info): Announcement {
  const { event_id, written_event_id, correlation_id, request_id, offset } = list;
  const list_hash = slice.hashOf(list);
  const partition = info.workflowExecution?.workflowId ?? '';
  const head = { request_id, workflow_id: partition, outcome: 'failed' } as const;
  const answer: Conflict = {
    ...makeReport(head, [], VERDICT_BYTES),
    ...known,
    event_id: written_event_id,
    correlation_id,
    conflict: { list_hash, partition, ...(offset === undefined ? {} : { offset }) },
  };
  const { correlation_id: _, ...payload } = answer;
  const intent_id = conflictId(event_id, list_hash);
  return {
    intent_id,
    causation_id: written_event_id,
    event_type: 'INTENT_RESULT',
    event_id: resultIdOf(intent_id, undefined),
    partition_key: null,
    correlation_id,
    payload,
  };
}
