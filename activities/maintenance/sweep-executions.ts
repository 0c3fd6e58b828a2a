/**
 * These activities serve `SweepExecutionsWorkflow`: they find executions to sweep, find their announcements, copy
 * envelopes without an answer, and mark executions as swept.
 */
import { log } from '@temporalio/activity';
import { z } from 'zod';
import type { DefinitionsByType } from '../../src/domain/intents/parse.js';
import { topicOf } from '../../src/domain/events/event-types.js';
import { LimitError, REPORT_BYTES } from '../../src/domain/values/limits.js';
import { hashesOf, isRerun } from '../../src/domain/intake/list.js';
import { type OpenList, OpenSlice } from '../../src/domain/intake/open-slice.js';
import { hasList } from '../../src/domain/intake/used-ids.js';
import { makePlan, type Plan, planList } from '../../src/domain/execution/plan.js';
import { copiesOfEnvelope } from '../../src/domain/dead-letters/rejected-copy.js';
import { assertSent } from '../../src/domain/events/publisher.js';
import { type Execution, executionId } from '../../src/domain/sweep/port.js';
import { parseRequest, RequestError } from '../../src/domain/execution/request.js';
import { optionsOf } from '../../src/domain/intake/slice-plan.js';
import { EXECUTE_LISTS } from '../../src/domain/sharing/shared-list.js';
import type { EndedPage, SweepActivities, Unannounced, UnannouncedInput } from '../../src/domain/sweep/sweep.js';
import { unannouncedOf } from '../../src/domain/sweep/unannounced.js';
import { attempt } from '../attempts/attempt.js';
import { sliceOf } from '../intake/slices.js';
import type { Ports } from '../ports.js';
import type { OutageBudget } from '../attempts/outage-budget.js';
import { readInput } from '../parse-input.js';

const endedInput = z.object({
  grace_seconds: z.number().min(0).max(86_400),
  after: z.string().nullable(),
  limit: z.int().min(1).max(1_000),
});

export function sweepActivities(ports: Ports, budget: OutageBudget, definitions: DefinitionsByType): SweepActivities {
  const { endedExecutions, sweptExecutions } = ports;

  return {
    findEndedExecutions: (given) => {
      const { grace_seconds, limit, after: start } = readInput(endedInput, given);
      const closedBefore = new Date(Date.now() - grace_seconds * 1_000).toISOString();
      return attempt('postgres', budget, async (): Promise<EndedPage> => {
        for (let after = start; ;) {
          const { executions, next } = await endedExecutions.list(closedBefore, after, limit);
          const unswept = await sweptExecutions.unswept(executions.map(executionId));
          const due = executions.filter((execution) => unswept.has(executionId(execution)));
          // A page whose executions are all swept is passed over here: most are, and the workflow's history is not for
          // them.
          if (due.length > 0 || next === null) return { executions: due, next };
          after = next;
        }
      });
    },
    findUnannounced: (input) => attempt('postgres', budget, () => findUnannounced(ports, definitions, input)),
    copyUnanswered: ({ execution }) => attempt('kafka', budget, () => copyUnanswered(ports, definitions, execution)),
    markSwept: (marks) => {
      for (const { execution, reason } of marks) {
        if (reason !== null) log.warn('an execution cannot be swept', { execution_id: executionId(execution), reason });
      }
      return attempt('postgres', budget, () =>
        sweptExecutions.mark(marks.map(({ execution, reason }) => ({ execution_id: executionId(execution), reason }))),
      );
    },
  };
}

/** An ended list is a list of an ended execution, as its plan has it. */
interface EndedList extends Pick<Plan, 'intents' | 'options' | 'self_announced'> {
  readonly correlation_id: string;
}

async function findUnannounced(
  { endedExecutions, ledger }: Ports,
  definitions: DefinitionsByType,
  { execution, from, limit }: UnannouncedInput,
): Promise<Unannounced> {
  const input = await endedExecutions.input(execution);
  if (input === null) return { reason: 'its history is gone' };
  try {
    const value = sliceOf(input, execution);
    const lists = isSlice(value)
      ? listsOf(new OpenSlice(value, definitions), definitions)
      : [makePlan(parseRequest(value), execution.workflow_id, definitions)];
    const records = await ledger.find([...new Set(lists.flatMap(({ intents }) => intents.map(({ id }) => id)))]);
    const events = lists.flatMap((list) =>
      unannouncedOf(list, records, executionId(execution), definitions).map((event) => ({
        ...event,
        correlation_id: list.correlation_id,
      })),
    );
    return {
      correlation_id: lists[0]?.correlation_id ?? '',
      page_bytes: REPORT_BYTES,
      announce: events.slice(from, from + limit),
      next: from + limit < events.length ? from + limit : null,
      // Callers of a shared execution wait for no answer on a topic.
      ...(isSlice(value) && input.type !== EXECUTE_LISTS ? { slice: true } : {}),
    };
  } catch (error) {
    if (error instanceof RequestError) return { reason: error.message };
    throw error;
  }
}

const isSlice = (value: unknown): boolean => typeof value === 'object' && value !== null && 'lists' in value;

/** Returns the lists of a slice that can be planned; the others have had no effect. */
const listsOf = (slice: OpenSlice, definitions: DefinitionsByType): EndedList[] =>
  slice.lists.flatMap((list) => {
    const { intents, correlation_id } = list;
    try {
      const options = optionsOf(list);
      return [{ ...planList(intents, list, options, definitions), options, correlation_id }];
    } catch (error) {
      if (error instanceof RequestError || error instanceof LimitError) return [];
      throw error;
    }
  });

/**
 * Copies the envelopes of slices that ended by force while no intake ran; a running intake copies them itself. Where
 * both copy an envelope, the copies say the same, and the envelope is executed once.
 */
async function copyUnanswered(ports: Ports, definitions: DefinitionsByType, execution: Execution): Promise<number> {
  const { endedExecutions, parkedLists, verdicts, publisher, deadLetters, source } = ports;
  const input = await endedExecutions.input(execution);
  if (input === null) return 0;
  const slice = new OpenSlice(sliceOf(input, execution), definitions);
  const eventIds = slice.lists.map(({ event_id }) => event_id);
  // Parked lists are read before the verdicts, because a list is parked until it has its verdict.
  const parked = await parkedLists.hashes(eventIds);
  const answered = await verdicts.answered(eventIds);
  const isAnswered = (list: OpenList): boolean =>
    hasList(hashesOf(answered), list, slice.hashOf(list)) && !isRerun(answered.get(list.event_id), list);
  const isKnown = (list: OpenList): boolean => hasList(parked, list, slice.hashOf(list)) || isAnswered(list);
  // Parked lists are not copied: they are tried again, also when this slice was the one that tried.
  const left = slice.parked ? [] : slice.lists.filter((list) => !isKnown(list));
  const topic = topicOf(source.topicPrefix, 'INTENT_EMITTED');
  const reason = `slice ${execution.workflow_id}, run ${execution.run_id}: ended without an answer`;
  const copies = left.flatMap(({ given }) => {
    const { event_id: id, written_event_id: event_id = id, correlation_id, request_id, options, intents } = given;
    const payload = { intents, request_id, options };
    const envelope = { envelope_version: '1.0', event_id, event_type: 'INTENT_EMITTED', correlation_id, payload };
    return copiesOfEnvelope(topic, envelope, reason, deadLetters.topicSuffix);
  });
  assertSent(await publisher.publish(copies));
  return left.length;
}
