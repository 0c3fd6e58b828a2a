/** This is the local activity that plans a list. */
import { activityInfo, type Info } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { PlanActivity } from '../../src/domain/execution/batch.js';
import { makePlan, type PlannedIntent } from '../../src/domain/execution/plan.js';
import { parseRequest, RequestError } from '../../src/domain/execution/request.js';
import type { DefinitionsByType } from '../../src/domain/intents/parse.js';
import type { Instruments } from './batch-activity.js';

export const planIntents =
  (definitions: DefinitionsByType, instruments: Instruments): PlanActivity =>
  async (input) => {
    const plan = await refusing(() => makePlan(parseRequest(input), workflowIdOf(activityInfo()), definitions));
    countRejected(plan.intents, definitions, instruments);
    return plan;
  };

/** Counts the intents that a plan rejects, because no activity gets to see them. */
export function countRejected(
  intents: readonly PlannedIntent[],
  definitions: DefinitionsByType,
  instruments: Instruments,
): void {
  for (const { type, rejected } of intents) {
    // A type that the caller made up is counted as `unknown`: as a label it would have no bounds.
    if (rejected !== undefined) instruments.ended(definitions.has(type) ? type : 'unknown', 'failed', 0);
  }
}

/** @throws RequestError for a workflow id that no row could name: any client chooses it. */
export function workflowIdOf({ workflowExecution }: Info): string {
  const workflowId = workflowExecution?.workflowId ?? 'unknown';
  if (!workflowId.includes('\u0000')) return workflowId;
  throw new RequestError('workflow id: expected text without NUL characters, got string with one');
}

/**
 * Fails for good when `read` finds no request at all; an invalid intent among valid ones is part of the plan instead.
 */
export async function refusing<T>(read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof RequestError) throw ApplicationFailure.nonRetryable(error.message, 'InvalidInput');
    throw error;
  }
}
