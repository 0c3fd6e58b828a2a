/**
 * This module runs the plan of a slice: its lists are executed together, and answered one by one. The lists are of the
 * intake, or of callers that share an execution.
 */
import {
  ApplicationFailure,
  isCancellation,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { Position } from '../../src/domain/execution/batch.js';
import type { PlannedTier } from '../../src/domain/execution/plan.js';
import { failedIntents, unannouncedIn } from '../../src/domain/execution/search-attributes.js';
import type { SlicePlan } from '../../src/domain/intake/slice.js';
import type { IntentResult } from '../../src/domain/intents/result.js';
import { PlanExecutor } from '../execution/plan-executor.js';
import { progressOf, progressQuery } from '../execution/progress.js';
import { type SendAnswers, SliceAnswers } from './slice-answers.js';

type Details<P> = (plan: P, results: readonly (IntentResult | undefined)[], current: PlannedTier | null) => string;

interface SliceRun {
  readonly executor: PlanExecutor;
  readonly answers: SliceAnswers;
  readonly showDetails: () => void;
  /** Runs the plan. After a cancellation every list is being answered, also those of which nothing more was run. */
  readonly run: () => Promise<void>;
}

/** @param detailsOf writes the current details of the execution. */
export function prepareRun<P extends SlicePlan>(
  slice: string,
  plan: P,
  detailsOf: Details<P>,
  send?: SendAnswers,
): SliceRun {
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
  const answers = new SliceAnswers(slice, plan, executor, send);
  const showDetails = (): void => setCurrentDetails(detailsOf(plan, executor.results.all, executor.current));
  setHandler(progressQuery, () => progressOf(plan, executor.results.all, executor.current?.priority ?? null));
  const run = async (): Promise<void> => {
    try {
      await executor.run();
    } catch (error) {
      if (!isCancellation(error)) throw error;
      answers.cancelled = true;
      answers.answerComplete();
    }
  };
  return { executor, answers, showDetails, run };
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

/** Shows an operator which executions to look at. */
export function showFailures(results: readonly IntentResult[], unannounced: number): void {
  const failed = results.filter(({ success }) => !success).length;
  if (failed + unannounced === 0) return;
  upsertSearchAttributes([{ key: failedIntents, value: failed }, ...unannouncedIn(unannounced, results)]);
}
