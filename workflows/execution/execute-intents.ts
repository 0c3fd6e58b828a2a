/** `ExecuteIntentsWorkflow` executes one list of intents durably, in priority order. */
import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  defineQuery,
  isCancellation,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Plan } from '../../src/domain/execution/plan.js';
import { makeReport, outcomeOf, type Report } from '../../src/domain/execution/report.js';
import type { IntentResult, Outcome } from '../../src/domain/intents/result.js';
import { FRESH_MEMO } from '../../src/domain/sharing/shared-list.js';
import { serializable } from '../../src/domain/values/serializable.js';
import { oneList } from '../../src/domain/execution/work.js';
import {
  correlationId,
  failedIntents,
  intentOutcome,
  intentTypes,
  unannouncedIn,
} from '../../src/domain/execution/search-attributes.js';
import { detailsOf } from './details.js';
import { PlanExecutor } from './plan-executor.js';
import { refusalOf } from '../activity-failures.js';
import { planIntents } from '../policies.js';
import { progressOf, progressQuery } from './progress.js';

/** Numbers of the lists of this execution: there is one. */
const LIST = [0];

/**
 * The query `report` returns the report of an execution that has ended, and null before. It is the only way to the
 * report of a cancelled execution, because Temporal keeps no details of that.
 */
const reportQuery = defineQuery<Report | null>('report');

/**
 * @param given `{intents, request_id?, correlation_id?, options?}`; taken as unknown, because any client may start
 * this.
 * @returns the report, when no intent at or over the fail-fast priority failed.
 * @throws ApplicationFailure `InvalidInput` for input that is no request; `FailFast` with the report in its details.
 * @throws CancelledFailure; the report is then the answer to the query `report`.
 */
export async function ExecuteIntentsWorkflow(given: unknown): Promise<Report> {
  const input = serializable(given);
  let report: Report | null = null;
  setHandler(reportQuery, () => report);
  setHandler(progressQuery, () => null);
  const plan = await planOf(input);
  const { intents } = input as { intents: readonly unknown[] };
  const executor: PlanExecutor = new PlanExecutor(oneList(plan), { intentAt: (index) => intents[index] }, () => {
    setCurrentDetails(detailsOf(plan, executor.results.all, executor.current));
  });
  setHandler(progressQuery, () => progressOf(plan, executor.results.all, executor.current?.priority ?? null));
  let cancelled = false;
  try {
    await executor.run();
  } catch (error) {
    if (!isCancellation(error)) throw error;
    cancelled = true;
  }
  // A cancelled execution announces too: its effects have happened.
  executor.releaseWithheld(LIST);
  if (executor.unannounced > 0) await CancellationScope.nonCancellable(() => executor.announceRest(LIST));

  const results = executor.results.all as IntentResult[];
  const stopper = executor.results.failedFast(0);
  const outcome: Outcome = cancelled ? 'cancelled' : stopper !== undefined ? 'failed' : outcomeOf(results);
  setCurrentDetails(detailsOf(plan, results, null));
  // The attributes are written once, at the end. Each upsert is an event and a write to the visibility store, and costs
  // 5 % of a small list's throughput.
  upsertSearchAttributes([
    { key: intentOutcome, value: outcome },
    { key: intentTypes, value: [...plan.types] },
    { key: correlationId, value: plan.correlation_id },
    { key: failedIntents, value: results.filter(({ success }) => !success).length },
    ...unannouncedIn(executor.unannounced, results),
  ]);
  report = makeReport({ request_id: plan.request_id, workflow_id: workflowInfo().workflowId, outcome }, results);
  if (cancelled) throw new CancelledFailure('the execution was cancelled');
  if (stopper !== undefined) throw failFast(stopper, report);
  return report;
}

/** Plans the list in a local activity. */
async function planOf(input: unknown): Promise<Plan> {
  try {
    return await planIntents(input, workflowInfo().memo?.[FRESH_MEMO] === true);
  } catch (error) {
    throw refusalOf(error);
  }
}

function failFast(stopper: IntentResult, report: Report): ApplicationFailure {
  const skipped = report.counts.skipped ?? 0;
  const failure = ApplicationFailure.create({
    message: `${stopper.intent_type} ${stopper.intent_id} failed, ${skipped} intents skipped: ${stopper.error ?? ''}`,
    type: 'FailFast',
    nonRetryable: true,
    details: [report],
  });
  // A fail-fast is no defect: where in our code it was raised tells an operator nothing.
  failure.stack = '';
  return failure;
}
