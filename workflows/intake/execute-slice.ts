/**
 * `ExecuteSliceWorkflow` executes the lists of some envelopes of one partition together, and answers them one by one
 * (ADR 0009).
 */
import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  defineWorkflowOptions,
  isCancellation,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { rawValueTypeInfo } from '@temporalio/common';
import type { Position } from '../../src/domain/execution/batch.js';
import { countByStatus } from '../../src/domain/execution/report.js';
import { failedIntents, unannouncedIn } from '../../src/domain/execution/search-attributes.js';
import type { PlannedList, SlicePlan, SliceReport } from '../../src/domain/intake/slice.js';
import type { IntentResult } from '../../src/domain/intents/result.js';
import { refusalOf } from '../activity-failures.js';
import { sliceDetailsOf } from '../execution/details.js';
import { PlanExecutor } from '../execution/plan-executor.js';
import { progressOf, progressQuery } from '../execution/progress.js';
import { parkLists, planSlice, sliceKey } from './slice-activities.js';
import { SliceAnswers } from './slice-answers.js';

/**
 * The input of the workflow is not decoded. A quarter of a megabyte of JSON for each slice took a third of the workflow
 * thread's own time.
 */
defineWorkflowOptions(ExecuteSliceWorkflow, { staticOptions: { typeInfo: { inputTypes: [rawValueTypeInfo] } } });

/**
 * @param _given `{lists}`, as its undecoded payload, which activities read. Any client may start this, with anything.
 * @returns the counts of its lists and intents; it completes however those ended.
 * @throws ApplicationFailure `InvalidInput` for input that is no slice; the activity's failure when lists could not be
 * answered.
 * @throws CancelledFailure, after its lists are answered.
 */
export async function ExecuteSliceWorkflow(_given: unknown): Promise<SliceReport> {
  setHandler(progressQuery, () => null);
  const slice = sliceKey();
  const plan = await planSlice({ slice }).catch((error: unknown) => {
    throw refusalOf(error);
  });
  const executor: PlanExecutor = new PlanExecutor(
    plan,
    { slice, locks: plan.locks, positionOf: positionsOf(plan) },
    () => {
      showDetails();
      // Lists are answered after a chunk too: a lane that is tried again must not hold up the lists of its neighbours.
      answers.answerComplete();
    },
    () => answers.answerComplete(),
  );
  const answers = new SliceAnswers(slice, plan, executor);
  const showDetails = (): void => setCurrentDetails(sliceDetailsOf(plan, executor.results.all, executor.current));
  setHandler(progressQuery, () => progressOf(plan, executor.results.all, executor.current?.priority ?? null));
  try {
    await executor.run();
  } catch (error) {
    if (!isCancellation(error)) throw error;
    answers.cancelled = true;
    answers.answerComplete();
  }
  const parked = await end(slice, plan, executor, answers);
  showDetails();
  const results = executor.results.all.filter((result) => result !== undefined);
  showFailures(results, executor.unannounced);
  if (answers.cancelled) throw new CancelledFailure('the execution was cancelled');
  return reportOf(plan, results, parked);
}

/**
 * Returns the function from an intent's index in the plan to its position. They differ, because the plan has only the
 * intents of lists that run.
 */
function positionsOf(plan: SlicePlan): (index: number) => Position {
  const positions = plan.lists.flatMap(({ at, count }) => Array.from({ length: count }, (_, index) => at + index));
  return (index) => {
    const position = positions[index];
    if (position === undefined) throw ApplicationFailure.nonRetryable(`the plan has no intent ${index}`, 'PlanError');
    return position;
  };
}

/** Parks the lists that wait, and waits for the answers of the others. @returns how many lists are parked. */
async function end(slice: string, plan: SlicePlan, executor: PlanExecutor, answers: SliceAnswers): Promise<number> {
  const { waiting } = executor;
  const parked = new Set([...waiting, ...skippedAs(plan, 'parked')]);
  await CancellationScope.nonCancellable(async () => {
    // The effects so far are announced now. Events that the lists publish themselves are published when the lists go
    // on.
    if (waiting.length > 0) await executor.announceRest(waiting);
    // Lists are parked before the slice ends, because the partition's next slice has to find them. The lists of a slice
    // with lock wait `probe` are parked already.
    if (parked.size > 0 && plan.locks !== 'probe') {
      const numbers = [...parked].sort((one, other) => one - other);
      const event_ids = numbers.flatMap((number) => plan.lists[number]?.event_id ?? []);
      await parkLists.executeWithOptions({ summary: `${numbers.length} lists wait for a key` }, [
        { slice, event_ids, numbers },
      ]);
    }
    await answers.stored();
  });
  return parked.size;
}

const skippedAs = (plan: SlicePlan, reason: PlannedList['skipped']): number[] =>
  [...plan.lists.keys()].filter((number) => plan.lists[number]?.skipped === reason);

/** Shows an operator which slices to look at. */
function showFailures(results: readonly IntentResult[], unannounced: number): void {
  const failed = results.filter(({ success }) => !success).length;
  if (failed + unannounced === 0) return;
  upsertSearchAttributes([{ key: failedIntents, value: failed }, ...unannouncedIn(unannounced, results)]);
}

function reportOf(plan: SlicePlan, results: readonly IntentResult[], parked: number): SliceReport {
  const invalid = plan.lists.flatMap(({ refused, invalid = refused }, list) =>
    invalid === undefined ? [] : [{ list, reason: invalid }],
  );
  return {
    lists: plan.lists.length,
    repeated: skippedAs(plan, 'answered').length + skippedAs(plan, 'repeats').length,
    parked,
    intents: results.length,
    counts: countByStatus(results),
    ...(invalid.length === 0 ? {} : { invalid }),
  };
}
