/** The worker's activities: one for every effect of the registry, and those of the other workflows. */
import type { DefinitionsByType } from '../src/intents/parse.js';
import { answerLists } from './answer-lists.js';
import { type BoundaryOptions, toActivity } from './boundary.js';
import type { AnyEffect, Ports } from './effect.js';
import { findVerdicts } from './find-verdicts.js';
import { parkedListActivities } from './parked-lists.js';
import { planningActivities } from './planning.js';
import { pruneLedger } from './prune-ledger.js';
import { recoveryActivities } from './recovery.js';
import { redriveDeadLetters } from './redrive-dead-letters.js';
import { sweepActivities } from './sweep-executions.js';
import * as registry from './registry.js';
import { settleIntents } from './settle-intents.js';
import { SliceIntents } from './slice-intents.js';
import { SliceResults } from './slice-results.js';
import { SliceCache } from '../src/intents/slice-cache.js';

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
