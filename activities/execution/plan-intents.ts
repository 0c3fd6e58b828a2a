/** The local activities that plan: a list, or a slice of several. */
import { activityInfo, type Info } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { PlanActivity } from '../../src/domain/execution/batch.js';
import type { DefinitionsByType } from '../../src/domain/intents/parse.js';
import { makePlan, type PlannedIntent } from '../../src/domain/execution/plan.js';
import { parseRequest, RequestError } from '../../src/domain/execution/request.js';
import type { PlanSliceActivity } from '../../src/domain/intake/slice.js';
import { makeSlicePlan } from '../../src/domain/intake/slice-plan.js';
import type { Instruments } from './batch-activity.js';
import type { Ports } from '../effects/effect.js';
import type { SliceIntents } from '../intake/slice-intents.js';

interface PlanningActivities {
  planIntents: PlanActivity;
  planSlice: PlanSliceActivity;
}

export function planningActivities(
  { verdicts, parkedLists, retention }: Ports,
  definitions: DefinitionsByType,
  instruments: Instruments,
  slices: SliceIntents,
): PlanningActivities {
  function counted<P extends { readonly intents: readonly PlannedIntent[] }>(plan: P): P {
    for (const { type, rejected } of plan.intents) {
      // A caller's own word for a type would be a label without bounds.
      if (rejected !== undefined) instruments.settled(definitions.has(type) ? type : 'unknown', 'failed', 0);
    }
    return plan;
  }

  return {
    planIntents: async (input) =>
      counted(await refusing(() => makePlan(parseRequest(input), workflowIdOf(activityInfo()), definitions))),
    planSlice: async ({ slice }) => {
      const info = activityInfo();
      const partition = await refusing(() => workflowIdOf(info));
      const open = await refusing(() => slices.find(slice, info));
      const [answered, parkedKeys, prunedBefore] = await Promise.all([
        verdicts.find(open.lists.map(({ event_id }) => event_id)),
        parkedLists.keys(partition),
        retention.prunedBefore(),
      ]);
      return counted(
        makeSlicePlan(open, { answered: new Set(answered.keys()), parkedKeys, prunedBefore }, definitions),
      );
    },
  };
}

/** @throws RequestError for one that no row could name: any client chooses it. */
function workflowIdOf({ workflowExecution }: Info): string {
  const workflowId = workflowExecution?.workflowId ?? 'unknown';
  if (!workflowId.includes('\u0000')) return workflowId;
  throw new RequestError('workflow id: expected text without NUL characters, got string with one');
}

/** Refuses what is no request at all; a bad intent among good ones is part of the plan. */
async function refusing<T>(read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof RequestError) throw ApplicationFailure.nonRetryable(error.message, 'InvalidInput');
    throw error;
  }
}
