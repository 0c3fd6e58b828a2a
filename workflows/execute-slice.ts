/** `ExecuteSliceWorkflow`: the lists of some envelopes of one partition, carried out together and answered one by one (ADR 0009). */
import {
  CancellationScope,
  CancelledFailure,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { countByStatus, makeReport, outcomeOf } from '../src/intents/report.js';
import type { IntentResult, Outcome } from '../src/intents/result.js';
import { serializable } from '../src/intents/serializable.js';
import {
  type AnswerInput,
  type PlannedList,
  type PlanSliceActivity,
  type SliceActivities,
  type SliceList,
  type SlicePlan,
  type SliceReport,
  type Verdict,
  VERDICT_BYTES,
} from '../src/intents/slice.js';
import { failedIntents, unannouncedEffects } from '../src/temporal/search-attributes.js';
import { sliceDetailsOf } from './details.js';
import { PlanExecutor } from './plan-executor.js';
import { refusalOf, storeActivity } from './policies.js';
import { progressOf, progressQuery } from './progress.js';

/**
 * Local, as for one list. Without a bound on its attempts: it asks PostgreSQL which lists are answered, and a slice waits for that
 * as long as it takes, since nothing has happened yet.
 */
const { planSlice } = proxyLocalActivities<{ planSlice: PlanSliceActivity }>({
  startToCloseTimeout: '10 s',
  retry: { initialInterval: '1 s', maximumInterval: '30 s' },
});

const { answerLists } = proxyActivities<SliceActivities>(storeActivity);

/**
 * @param given `{lists}`; taken as unknown, because any client may start this.
 * @returns what became of its lists: it completes whatever that is.
 * @throws ApplicationFailure `InvalidInput` for what is no slice; the activity's failure when lists could not be answered.
 * @throws CancelledFailure, after its lists are answered.
 */
export async function ExecuteSliceWorkflow(given: unknown): Promise<SliceReport> {
  const input = serializable(given);
  setHandler(progressQuery, () => null);
  let plan: SlicePlan;
  try {
    plan = await planSlice(input);
  } catch (error) {
    throw refusalOf(error);
  }
  const { lists } = input as { lists: readonly SliceList[] };
  const intents = lists.flatMap((list, number) => (plan.lists[number]?.count === 0 ? [] : list.intents));
  const answers: Promise<void>[] = [];
  const answered = new Set<number>();
  let cancelled = false;

  async function answer(numbers: readonly number[]): Promise<void> {
    executor.releaseHeldBack(numbers);
    await executor.announceRest(numbers);
    const verdicts = numbers.flatMap((number) => verdictOf(number) ?? []);
    const repeats = numbers.flatMap((number) => {
      const list = plan.lists[number];
      return list?.skipped === 'answered' ? [list.event_id] : [];
    });
    if (verdicts.length + repeats.length === 0) return;
    const call: AnswerInput = { verdicts, repeats };
    await answerLists.executeWithOptions({ summary: `${verdicts.length + repeats.length} results` }, [call]);
  }

  function verdictOf(number: number): Verdict | null {
    const list = plan.lists[number];
    if (list === undefined || list.skipped !== undefined) return null;
    const results = executor.resultsOf(number);
    const head = {
      request_id: list.request_id,
      workflow_id: workflowInfo().workflowId,
      outcome: outcomeFor(number, list, results),
    };
    const { event_id, correlation_id, refused } = list;
    return {
      event_id,
      correlation_id,
      ...makeReport(head, results, VERDICT_BYTES),
      ...(refused === undefined ? {} : { error: refused }),
    };
  }

  function outcomeFor(number: number, { refused }: PlannedList, results: readonly IntentResult[]): Outcome {
    if (refused !== undefined || executor.failedFast(number) !== undefined) return 'failed';
    return cancelled && results.some(({ status }) => status === 'skipped') ? 'cancelled' : outcomeOf(results);
  }

  function answerSettled(): void {
    const settled = [...plan.lists.keys()].filter((number) => !answered.has(number) && executor.isSettled(number));
    if (settled.length === 0) return;
    for (const number of settled) answered.add(number);
    // What has happened is told, also by a cancelled slice.
    const one = CancellationScope.nonCancellable(() => answer(settled));
    // Looked at when all is done.
    one.catch(() => undefined);
    answers.push(one);
  }

  const showDetails = (): void => setCurrentDetails(sliceDetailsOf(plan, executor.results, executor.current));
  const executor: PlanExecutor = new PlanExecutor(plan, intents, showDetails, answerSettled);
  setHandler(progressQuery, () => progressOf(plan, executor.results, executor.current?.priority ?? null));
  try {
    await executor.run();
  } catch (error) {
    if (!isCancellation(error)) throw error;
    cancelled = true;
    answerSettled();
  }
  await CancellationScope.nonCancellable(() => Promise.all(answers));

  showDetails();
  const results = executor.results as IntentResult[];
  const failed = results.filter(({ success }) => !success).length;
  const { unannounced } = executor;
  if (failed + unannounced > 0) {
    upsertSearchAttributes([
      { key: failedIntents, value: failed },
      ...(unannounced > 0 ? [{ key: unannouncedEffects, value: unannounced }] : []),
    ]);
  }
  if (cancelled) throw new CancelledFailure('the execution was cancelled');
  return {
    lists: plan.lists.length,
    repeated: plan.lists.filter(({ skipped }) => skipped !== undefined).length,
    intents: results.length,
    counts: countByStatus(results),
  };
}
