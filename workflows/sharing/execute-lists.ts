/**
 * `ExecuteListsWorkflow` executes lists that callers share an execution for, with the executor of slices (ADR 0038).
 * Each list has its own report, failures and ids.
 */
import {
  CancellationScope,
  CancelledFailure,
  defineQuery,
  defineSignal,
  defineWorkflowOptions,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { rawValueTypeInfo } from '@temporalio/common';
import { ATTRIBUTE_BYTES, attributeBytes, isFound, requestIds } from '../../src/domain/execution/search-attributes.js';
import {
  CANCEL_LIST_SIGNAL,
  FRESH_MEMO,
  REPORTS_QUERY,
  type SharedList,
  type SharedPlan,
  type SharedReport,
} from '../../src/domain/sharing/shared-list.js';
import { cut } from '../../src/domain/values/cut.js';
import { refusalOf } from '../activity-failures.js';
import { sharedDetailsOf } from '../execution/details.js';
import type { PlanExecutor } from '../execution/plan-executor.js';
import { progressOf, progressQuery } from '../execution/progress.js';
import { prepareRun, showFailures } from '../intake/slice-run.js';
import { startAlone } from './own-execution.js';
import { SharedReports } from './shared-reports.js';
import { planLists } from './sharing-activities.js';

const reportsQuery = defineQuery<readonly SharedList[], [requestIds?: readonly string[]]>(REPORTS_QUERY);
const cancelListSignal = defineSignal<[requestId: string]>(CANCEL_LIST_SIGNAL);

/** The input is not decoded: activities read it, as that of a slice. */
defineWorkflowOptions(ExecuteListsWorkflow, { staticOptions: { typeInfo: { inputTypes: [rawValueTypeInfo] } } });

/**
 * @param given `{lists: [request, ...]}`, as its undecoded payload. Any client may start this, with anything.
 * @returns what came of each list, in the order of the input; it completes however the lists ended.
 * @throws ApplicationFailure `InvalidInput` for input that has no lists.
 * @throws CancelledFailure, after its lists are answered; the query `reports` then has their reports.
 */
export async function ExecuteListsWorkflow(given: unknown): Promise<SharedReport> {
  const cancelled = new Set<string>();
  let cancel = (requestId: string): void => void cancelled.add(requestId);
  setHandler(cancelListSignal, (requestId) => cancel(requestId));
  setHandler(reportsQuery, () => []);
  setHandler(progressQuery, () => null);
  const { runId, startTime, memo } = workflowInfo();
  const start = { slice: runId, started_at: startTime.toISOString(), fresh: memo?.[FRESH_MEMO] === true };
  const plan = await planLists(given, start).catch((error: unknown) => {
    throw refusalOf(error);
  });
  nameLists(plan);
  const reports: SharedReports = new SharedReports(plan);
  const { executor, answers, showDetails, run } = prepareRun(runId, plan, sharedDetailsOf, reports.send);
  setHandler(reportsQuery, (ids) => reports.ended(ids));
  setHandler(progressQuery, (requestId) => progressFor(plan, executor, requestId));
  cancel = (requestId) => {
    for (const number of numbersOf(plan, requestId)) executor.cancelled.add(number);
  };
  for (const requestId of cancelled) cancel(requestId);
  await run();
  await CancellationScope.nonCancellable(async () => {
    const { waiting } = executor;
    // A list that waits for a locked row would keep its neighbours waiting. It goes on in an execution of its own.
    if (waiting.length > 0) await executor.announceRest(waiting);
    await answers.stored();
    for (const number of waiting) {
      await startAlone(given, plan, number);
      reports.moved(number);
    }
  });
  showDetails();
  showFailures(
    executor.results.all.filter((result) => result !== undefined),
    executor.unannounced,
  );
  if (answers.cancelled) throw new CancelledFailure('the execution was cancelled');
  return reports.whole();
}

/** Lets each list be found by its request id, where whoever started the execution did not say them. */
function nameLists({ lists }: SharedPlan): void {
  if (workflowInfo().typedSearchAttributes.get(requestIds) !== undefined) return;
  const [ids] = cut(
    new Set(lists.map(({ request_id }) => request_id).filter(isFound)),
    (id) => ({ bytes: attributeBytes(id) }),
    {
      bytes: ATTRIBUTE_BYTES,
    },
  );
  if (ids !== undefined) upsertSearchAttributes([{ key: requestIds, value: ids }]);
}

const numbersOf = ({ lists }: SharedPlan, requestId: string): number[] =>
  [...lists.keys()].filter((number) => lists[number]?.request_id === requestId);

/** Returns how far one list is, or all of them; null for a list that is not here. */
function progressFor(plan: SharedPlan, executor: PlanExecutor, requestId: string | undefined) {
  const priority = executor.current?.priority ?? null;
  if (requestId === undefined) return progressOf(plan, executor.results.all, priority);
  const scope = plan.lists[numbersOf(plan, requestId)[0] ?? -1];
  if (scope === undefined) return null;
  const end = scope.first + scope.count;
  const intents = plan.intents.slice(scope.first, end);
  return progressOf({ intents }, executor.results.all.slice(scope.first, end), priority);
}
