/**
 * `ExecuteSliceWorkflow` executes the lists of some envelopes of one partition together, and answers them one by one
 * (ADR 0009).
 */
import { CancellationScope, CancelledFailure, defineWorkflowOptions, setHandler } from '@temporalio/workflow';
import { rawValueTypeInfo } from '@temporalio/common';
import { countByStatus } from '../../src/domain/execution/report.js';
import type { PlannedList, SlicePlan, SliceReport } from '../../src/domain/intake/slice.js';
import type { IntentResult } from '../../src/domain/intents/result.js';
import { refusalOf } from '../activity-failures.js';
import { sliceDetailsOf } from '../execution/details.js';
import type { PlanExecutor } from '../execution/plan-executor.js';
import { progressQuery } from '../execution/progress.js';
import { parkLists, planSlice, sliceKey } from './slice-activities.js';
import type { SliceAnswers } from './slice-answers.js';
import { prepareRun, showFailures } from './slice-run.js';

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
  const { executor, answers, showDetails, run } = prepareRun(slice, plan, sliceDetailsOf);
  await run();
  const parked = await end(slice, plan, executor, answers);
  showDetails();
  const results = executor.results.all.filter((result) => result !== undefined);
  showFailures(results, executor.unannounced);
  if (answers.cancelled) throw new CancelledFailure('the execution was cancelled');
  return reportOf(plan, results, parked);
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
