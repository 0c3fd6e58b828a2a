/** The local activity that plans a list. */
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

/** Counts what a plan rejects: no activity gets to see it. */
export function countRejected(
  intents: readonly PlannedIntent[],
  definitions: DefinitionsByType,
  instruments: Instruments,
): void {
  for (const { type, rejected } of intents) {
    // A caller's own word for a type would be a label without bounds.
    if (rejected !== undefined) instruments.ended(definitions.has(type) ? type : 'unknown', 'failed', 0);
  }
}

/** @throws RequestError for one that no row could name: any client chooses it. */
export function workflowIdOf({ workflowExecution }: Info): string {
  const workflowId = workflowExecution?.workflowId ?? 'unknown';
  if (!workflowId.includes('\u0000')) return workflowId;
  throw new RequestError('workflow id: expected text without NUL characters, got string with one');
}

/** Refuses what is no request at all; a bad intent among good ones is part of the plan. */
export async function refusing<T>(read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof RequestError) throw ApplicationFailure.nonRetryable(error.message, 'InvalidInput');
    throw error;
  }
}
