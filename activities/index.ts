/**
 * This module makes the worker's activities: one for every effect of the registry, and those of the other workflows.
 */
import type { DefinitionsByType } from '../src/domain/intents/parse.js';
import { answerLists } from './intake/answer-lists.js';
import { type BoundaryOptions, toActivity } from './execution/batch-activity.js';
import type { AnyEffect } from './effects/effect.js';
import type { Ports } from './ports.js';
import { findVerdicts } from './intake/find-verdicts.js';
import { parkedListActivities } from './intake/parked-lists.js';
import { planIntents } from './execution/plan-intents.js';
import { planSlice } from './intake/plan-slice.js';
import { pruneFsmStates } from './maintenance/prune-fsm-states.js';
import { pruneLedger } from './maintenance/prune-ledger.js';
import { recoveryActivities } from './maintenance/emit-fsm-states.js';
import { redriveDeadLetters } from './maintenance/redrive-dead-letters.js';
import { sweepActivities } from './maintenance/sweep-executions.js';
import * as registry from './registry.js';
import { planLists } from './sharing/plan-lists.js';
import { storeReports } from './sharing/store-reports.js';
import { settleIntents } from './execution/settle-intents.js';
import { SliceResults } from './intake/slice-results.js';
import { sourceFinder } from './intake/slice-source.js';
import { Slices } from './intake/slices.js';
import { SliceCache } from '../src/domain/intake/slice-cache.js';

export const builtinEffects: readonly AnyEffect[] = Object.values(registry);

/** Returns the definitions of effects, by intent type. */
export const definitionsOf = (effects: readonly AnyEffect[]): DefinitionsByType =>
  new Map(effects.map(({ definition }) => [definition.type, definition]));

export type Activities = Readonly<Record<string, (input: never, start?: never) => Promise<unknown>>>;

export interface ActivityOptions extends Omit<BoundaryOptions, 'findSource'> {
  /**
   * Cache of slices, shared with the intake of the same process. By default it has only slices that activities have
   * read.
   */
  readonly sliceCache?: SliceCache;
}

/** @param effects one effect for each intent type; the registry's by default. */
export function createActivities(
  ports: Ports,
  { sliceCache = new SliceCache(), ...given }: ActivityOptions,
  effects: readonly AnyEffect[] = builtinEffects,
): Activities {
  const definitions = definitionsOf(effects);
  const slices = new Slices(sliceCache, ports.endedExecutions, definitions);
  const sliceResults = new SliceResults(effects, ports);
  const options: BoundaryOptions = { ...given, findSource: sourceFinder(slices, sliceResults) };
  const entries = effects.map((effect) => {
    const { activity } = effect.definition;
    return [activity, toActivity(effect, ports, options)] as const;
  });
  return {
    ...Object.fromEntries(entries),
    settleIntents: settleIntents(effects, ports, options),
    ...recoveryActivities(ports, options.budget),
    redriveDeadLetters: redriveDeadLetters(ports, options.budget),
    pruneFsmStates: pruneFsmStates(ports, options.budget),
    pruneLedger: pruneLedger(ports, options.budget),
    ...sweepActivities(ports, options.budget, definitions),
    answerLists: answerLists(ports, options, slices, sliceResults),
    findVerdicts: findVerdicts(ports),
    ...parkedListActivities(ports, slices),
    planIntents: planIntents(definitions, options.instruments, ports.verdicts),
    planLists: planLists(ports, definitions, options.instruments, slices),
    storeReports: storeReports(ports, options, slices, sliceResults),
    planSlice: planSlice(ports, definitions, options.instruments, slices),
  };
}
