/** `ExecuteSliceWorkflow`: the lists of some envelopes of one partition, carried out together and answered one by one (ADR 0009). */
import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  defineWorkflowOptions,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { rawValueTypeInfo } from '@temporalio/common';
import { ANNOUNCEMENTS_PER_BATCH } from '../../src/domain/execution/batch.js';
import { countByStatus, outcomeOf } from '../../src/domain/execution/report.js';
import type { IntentResult, Outcome } from '../../src/domain/intents/result.js';
import {
  type AnswerInput,
  type ParkingActivities,
  type PlannedList,
  type PlanSliceActivity,
  type SliceActivities,
  type SlicePlan,
  type SliceReport,
  type VerdictDraft,
} from '../../src/domain/intake/slice.js';
import { failedIntents, unannouncedEffects } from '../../src/domain/execution/search-attributes.js';
import { sliceDetailsOf } from '../execution/details.js';
import { PlanExecutor } from '../execution/plan-executor.js';
import { refusalOf } from '../activity-failures.js';
import { storeActivity } from '../policies.js';
import { progressOf, progressQuery } from '../execution/progress.js';

/**
 * Local, as for one list. Without a bound on its attempts: it asks PostgreSQL which lists are answered, and a slice waits for that
 * as long as it takes, since nothing has happened yet.
 */
const { planSlice } = proxyLocalActivities<{ planSlice: PlanSliceActivity }>({
  startToCloseTimeout: '10 s',
  retry: { initialInterval: '1 s', maximumInterval: '30 s' },
});

/** By which activities find the slice: the hash the intake gave it, as its own process has it at hand under that. */
function sliceKey(): string {
  const { memo, runId } = workflowInfo();
  const hash = memo?.['slice_sha256'];
  return typeof hash === 'string' && hash.length <= 64 ? hash : runId;
}

const { answerLists } = proxyActivities<SliceActivities>(storeActivity);

/** Characters of the verdicts in one call: with two bytes for some of them, and the announcements, under the 2 MB of a payload. */
const ANSWER_BYTES = 900_000;

/** Without a bound on its attempts: until the lists are stored, only this execution knows that they wait. */
const { parkLists } = proxyActivities<ParkingActivities>({
  ...storeActivity,
  retry: { initialInterval: '1 s', maximumInterval: '30 s' },
});

/** Its input is not decoded: a quarter of a megabyte of JSON for each slice took a third of the workflow thread's own time. */
defineWorkflowOptions(ExecuteSliceWorkflow, { staticOptions: { typeInfo: { inputTypes: [rawValueTypeInfo] } } });

/**
 * @param _given `{lists}`, as its payload: activities read it. Any client may start this, with anything.
 * @returns what became of its lists: it completes whatever that is.
 * @throws ApplicationFailure `InvalidInput` for what is no slice; the activity's failure when lists could not be answered.
 * @throws CancelledFailure, after its lists are answered.
 */
export async function ExecuteSliceWorkflow(_given: unknown): Promise<SliceReport> {
  setHandler(progressQuery, () => null);
  const slice = sliceKey();
  let plan: SlicePlan;
  try {
    plan = await planSlice({ slice });
  } catch (error) {
    throw refusalOf(error);
  }
  /** Of the intents that are run, in their order: their places among all. */
  const places = plan.lists.flatMap(({ at, count }) => Array.from({ length: count }, (_, index) => at + index));
  const placeOf = (index: number): number => {
    const at = places[index];
    if (at === undefined) throw ApplicationFailure.nonRetryable(`the plan has no intent ${index}`, 'PlanError');
    return at;
  };
  const answers: Promise<void>[] = [];
  const answered = new Set<number>();
  let cancelled = false;

  async function answer(numbers: readonly number[]): Promise<void> {
    executor.releaseHeldBack(numbers);
    await executor.announceRest(numbers, ANNOUNCEMENTS_PER_BATCH);
    const complete = answered.size === plan.lists.length && !plan.lists.some(({ skipped }) => skipped === 'parked');
    const parts = partsOf(numbers);
    for (const [index, part] of parts.entries()) await answerPart(part, complete && index === parts.length - 1);
  }

  /** Most lists answer in a few bytes each; those that read states bring them along, 10 KB and more. */
  function partsOf(numbers: readonly number[]): number[][] {
    const parts: number[][] = [[]];
    let bytes = 0;
    for (const number of numbers) {
      const size = JSON.stringify(verdictOf(number)).length;
      if (bytes > 0 && bytes + size > ANSWER_BYTES) {
        parts.push([]);
        bytes = 0;
      }
      parts.at(-1)?.push(number);
      bytes += size;
    }
    return parts;
  }

  async function answerPart(numbers: readonly number[], last: boolean): Promise<void> {
    const repeats = numbers.flatMap((number) => {
      const list = plan.lists[number];
      return list?.skipped === 'answered' ? [list.event_id] : [];
    });
    const send = (announce: NonNullable<AnswerInput['announce']>) => {
      const verdicts = numbers.flatMap((number) => verdictOf(number) ?? []);
      if (verdicts.length + repeats.length === 0) return Promise.resolve({});
      const call: AnswerInput = {
        slice,
        last,
        verdicts,
        repeats,
        ...(announce.length > 0 ? { announce } : {}),
        ...(plan.locks === 'probe' ? { parked: true } : {}),
      };
      return answerLists.executeWithOptions({ summary: `${verdicts.length + repeats.length} results` }, [call]);
    };
    try {
      await executor.announceWith(numbers, send);
    } catch (error) {
      // Whatever cannot be announced must not keep a list from its verdict.
      if (executor.unannounced === 0) throw error;
      await send([]);
    }
  }

  function verdictOf(number: number): VerdictDraft | null {
    const list = plan.lists[number];
    if (list === undefined || list.skipped !== undefined) return null;
    const { results, announced } = executor.results.knownOf(number);
    return {
      number,
      outcome: outcomeFor(number, list, executor.results.of(number)),
      results,
      ...(announced.length === 0 ? {} : { announced }),
      ...(list.refused === undefined ? {} : { error: list.refused }),
    };
  }

  function outcomeFor(number: number, { refused }: PlannedList, results: readonly IntentResult[]): Outcome {
    if (refused !== undefined || executor.results.failedFast(number) !== undefined) return 'failed';
    return cancelled && results.some(({ status }) => status === 'skipped') ? 'cancelled' : outcomeOf(results);
  }

  const skippedAs = (reason: PlannedList['skipped']): number[] =>
    [...plan.lists.keys()].filter((number) => plan.lists[number]?.skipped === reason);

  function park(numbers: readonly number[]): Promise<void> {
    const event_ids = numbers.flatMap((number) => plan.lists[number]?.event_id ?? []);
    return parkLists.executeWithOptions({ summary: `${numbers.length} lists wait for a key` }, [{ slice, event_ids }]);
  }

  function answerSettled(): void {
    const settled = [...plan.lists.keys()].filter(
      (number) => !answered.has(number) && executor.results.isSettled(number),
    );
    if (settled.length === 0) return;
    for (const number of settled) answered.add(number);
    // What has happened is told, also by a cancelled slice.
    const one = CancellationScope.nonCancellable(() => answer(settled));
    // Looked at when all is done.
    one.catch(() => undefined);
    answers.push(one);
  }

  const showDetails = (): void => setCurrentDetails(sliceDetailsOf(plan, executor.results.all, executor.current));
  const executor: PlanExecutor = new PlanExecutor(
    plan,
    { slice, locks: plan.locks, item: placeOf },
    () => {
      showDetails();
      // Not only at the end of a tier: a lane that is tried again must not hold up the lists of its neighbours.
      answerSettled();
    },
    answerSettled,
  );
  setHandler(progressQuery, () => progressOf(plan, executor.results.all, executor.current?.priority ?? null));
  try {
    await executor.run();
  } catch (error) {
    if (!isCancellation(error)) throw error;
    cancelled = true;
    answerSettled();
  }
  const { waiting } = executor;
  const parked = new Set([...waiting, ...skippedAs('parked')]);
  await CancellationScope.nonCancellable(async () => {
    // What they have done so far is told; what they publish themselves they publish when they go on.
    if (waiting.length > 0) await executor.announceRest(waiting);
    // Before the slice ends: the next one of the partition has to find them. Parked lists are where they were.
    if (parked.size > 0 && plan.locks !== 'probe') await park([...parked].sort((one, other) => one - other));
    await Promise.all(answers);
  });

  showDetails();
  const results = executor.results.all.filter((result) => result !== undefined);
  const failed = results.filter(({ success }) => !success).length;
  const { unannounced } = executor;
  if (failed + unannounced > 0) {
    upsertSearchAttributes([
      { key: failedIntents, value: failed },
      ...(unannounced > 0 ? [{ key: unannouncedEffects, value: unannounced }] : []),
    ]);
  }
  if (cancelled) throw new CancelledFailure('the execution was cancelled');
  const invalid = plan.lists.flatMap(({ refused, invalid = refused }, list) =>
    invalid === undefined ? [] : [{ list, reason: invalid }],
  );
  return {
    lists: plan.lists.length,
    repeated: skippedAs('answered').length + skippedAs('repeats').length,
    parked: parked.size,
    intents: results.length,
    counts: countByStatus(results),
    ...(invalid.length === 0 ? {} : { invalid }),
  };
}
