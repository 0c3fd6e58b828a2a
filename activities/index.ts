/** The worker's activities: one for every effect of the registry, and those of the other workflows. */
import type { DefinitionsByType } from '../src/domain/intents/parse.js';
import { answerLists } from './intake/answer-lists.js';
import { type BoundaryOptions, toActivity } from './execution/batch-activity.js';
import type { AnyEffect, Ports } from './effects/effect.js';
import { findVerdicts } from './intake/find-verdicts.js';
import { parkedListActivities } from './intake/parked-lists.js';
import { planningActivities } from './execution/plan-intents.js';
import { pruneLedger } from './maintenance/prune-ledger.js';
import { recoveryActivities } from './maintenance/emit-fsm-states.js';
import { redriveDeadLetters } from './maintenance/redrive-dead-letters.js';
import { sweepActivities } from './maintenance/sweep-executions.js';
import * as registry from './registry.js';
import { settleIntents } from './execution/settle-intents.js';
import { SliceIntents } from './intake/slice-intents.js';
import { SliceResults } from './intake/slice-source.js';
import { SliceCache } from '../src/domain/intake/slice-cache.js';

export const builtinEffects: readonly AnyEffect[] = Object.values(registry);

export type Activities = Readonly<Record<string, (input: never) => Promise<unknown>>>;

export interface ActivityOptions extends Omit<BoundaryOptions, 'slices' | 'sliceResults'> {
  /** Slices at hand; shared with the intake of the same process. Default: those that activities have read. */
  readonly sliceCache?: SliceCache;
}

/** @param effects intent types; the registry's by default. */
export function createActivities(
  ports: Ports,
  { sliceCache = new SliceCache(), ...given }: ActivityOptions,
  effects: readonly AnyEffect[] = builtinEffects,
): Activities {
  const definitions: DefinitionsByType = new Map(effects.map(({ definition }) => [definition.type, definition]));
  const slices = new SliceIntents(sliceCache, ports.endedExecutions, definitions);
  const sliceResults = new SliceResults(effects, ports);
  const options: BoundaryOptions = { ...given, slices, sliceResults };
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
    answerLists: answerLists(ports, options),
    findVerdicts: findVerdicts(ports),
    ...parkedListActivities(ports, slices),
    ...planningActivities(ports, definitions, options.instruments, slices),
  };
}
