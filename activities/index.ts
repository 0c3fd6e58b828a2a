/** The worker's activities: one for every effect of the registry, and the local activity that plans a list. */
import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { makePlan, type Plan } from '../src/intents/plan.js';
import type { DefinitionsByType } from '../src/intents/parse.js';
import { parseRequest, RequestError } from '../src/intents/request.js';
import { type BoundaryOptions, type Instruments, toActivity } from './boundary.js';
import type { AnyEffect, Ports } from './effect.js';
import { pruneLedger } from './prune-ledger.js';
import { recoveryActivities } from './recovery.js';
import { redriveDeadLetters } from './redrive-dead-letters.js';
import { sweepActivities } from './sweep-executions.js';
import * as registry from './registry.js';
import { settleIntents } from './settle-intents.js';

export const builtinEffects: readonly AnyEffect[] = Object.values(registry);

export type Activities = Readonly<Record<string, (input: never) => Promise<unknown>>>;

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
  return {
    ...Object.fromEntries(entries),
    settleIntents: settleIntents(effects, ports, options),
    ...recoveryActivities(ports, options.budget),
    redriveDeadLetters: redriveDeadLetters(ports, options.budget),
    pruneLedger: pruneLedger(ports, options.budget),
    ...sweepActivities(ports, options.budget, definitions),
    planIntents: (input: unknown) => planIntents(input, definitions, options.instruments),
  };
}

/** Refuses what is no request at all; a bad intent among good ones is part of the plan. */
// eslint-disable-next-line @typescript-eslint/require-await -- activities answer with a promise
async function planIntents(input: unknown, definitions: DefinitionsByType, instruments: Instruments): Promise<Plan> {
  try {
    const fallbackId = activityInfo().workflowExecution?.workflowId ?? 'unknown';
    const plan = makePlan(parseRequest(input), fallbackId, definitions);
    for (const { type, rejected } of plan.intents) {
      // A caller's own word for a type would be a label without bounds.
      if (rejected !== undefined) instruments.settled(definitions.has(type) ? type : 'unknown', 'failed', 0);
    }
    return plan;
  } catch (error) {
    if (error instanceof RequestError) throw ApplicationFailure.nonRetryable(error.message, 'InvalidInput');
    throw error;
  }
}
