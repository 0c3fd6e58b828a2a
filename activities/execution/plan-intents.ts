/** This is the local activity that plans a list. */
import { activityInfo, type Info } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { PlanActivity } from '../../src/domain/execution/batch.js';
import { makePlan, type PlannedIntent } from '../../src/domain/execution/plan.js';
import { parseRequest, type Request, RequestError } from '../../src/domain/execution/request.js';
import { conflictOf, REQUEST_CONFLICT } from '../../src/domain/execution/request-conflict.js';
import type { UsedRequestIds } from '../../src/domain/intake/ports.js';
import type { DefinitionsByType } from '../../src/domain/intents/parse.js';
import { listHash } from '../../src/domain/values/ids.js';
import type { Instruments } from './batch-activity.js';

export const planIntents =
  (definitions: DefinitionsByType, instruments: Instruments, usedIds: UsedRequestIds): PlanActivity =>
  async (input, fresh) => {
    const request = await refusing(() => parseRequest(input));
    if (fresh !== true) await assertOwn(request, usedIds);
    const plan = await refusing(() => makePlan(request, workflowIdOf(activityInfo()), definitions));
    countRejected(plan.intents, definitions, instruments);
    return plan;
  };

/**
 * Fails a list for good when its request id was used for another one in a shared execution. Where the store cannot be
 * asked, the list is executed: its intents have ids of their own.
 */
async function assertOwn({ request_id, intents }: Request, usedIds: UsedRequestIds): Promise<void> {
  if (request_id == null) return;
  const asked = [{ request_id, list_hash: listHash(intents) }];
  const conflicting = await usedIds.conflicting(asked).catch(() => new Set<string>());
  if (!conflicting.has(request_id)) return;
  throw ApplicationFailure.nonRetryable(conflictOf(request_id), REQUEST_CONFLICT);
}

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
