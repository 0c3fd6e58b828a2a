/** The worker's activities: one for every effect of the registry, and the local activity that plans a list. */
import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { BatchActivity, PlanActivity } from '../src/intents/batch.js';
import { makePlan } from '../src/intents/plan.js';
import type { DefinitionsByType } from '../src/intents/parse.js';
import { parseRequest, RequestError } from '../src/intents/request.js';
import { type BoundaryOptions, toActivity } from './boundary.js';
import type { AnyEffect, Ports } from './effect.js';
import * as registry from './registry.js';

export const builtinEffects: readonly AnyEffect[] = Object.values(registry);

export type Activities = Readonly<Record<string, BatchActivity | PlanActivity>>;

/** @param effects intent types; the registry's by default. */
export function createActivities(
  ports: Ports,
  options: BoundaryOptions,
  effects: readonly AnyEffect[] = builtinEffects,
): Activities {
  const definitions: DefinitionsByType = new Map(effects.map(({ definition }) => [definition.type, definition]));
  const entries = effects.map((effect) => {
    const { activity } = effect.definition;
    return [activity, toActivity(effect, ports, options)] as const;
  });
  return { ...Object.fromEntries(entries), planIntents: (input: unknown) => planIntents(input, definitions) };
}

/** Refuses what is no request at all; a bad intent among good ones is part of the plan. */
// eslint-disable-next-line @typescript-eslint/require-await -- activities answer with a promise
async function planIntents(input: unknown, definitions: DefinitionsByType) {
  try {
    return makePlan(parseRequest(input), activityInfo().workflowExecution?.workflowId ?? 'unknown', definitions);
  } catch (error) {
    if (error instanceof RequestError) throw ApplicationFailure.nonRetryable(error.message, 'InvalidInput');
    throw error;
  }
}
