/**
 * Slice results stay in the worker that executed the intents. A success would otherwise travel through Temporal four
 * times, some 300 bytes each. A process that does not have a result asks the store again, which replies with the
 * recorded one.
 */
import type { Info } from '@temporalio/activity';
import type { AnyIntentDefinition } from '../../src/domain/intents/definition.js';
import { groupBy } from '../../src/domain/values/group-by.js';
import type { OpenSlice } from '../../src/domain/intake/open-slice.js';
import type { IntentResult } from '../../src/domain/intents/result.js';
import { commandsOf, type ParsedItem } from '../execution/commands.js';
import type { AnyEffect } from '../effects/effect.js';
import type { Ports } from '../ports.js';
import { refused, resultOf } from '../execution/outcomes.js';
import { outcomesOfRepeats } from '../execution/outcomes.js';

export class SliceResults {
  readonly #executes: ReadonlyMap<AnyIntentDefinition, ReturnType<AnyEffect['create']>>;

  constructor(effects: readonly AnyEffect[], ports: Ports) {
    this.#executes = new Map(effects.map((effect) => [effect.definition, effect.create(ports)]));
  }

  /**
   * Keeps a result in this worker that the workflow need not know.
   * @returns whether the result was kept: only a success, which a process without it can ask the store for.
   */
  keep(slice: OpenSlice, at: number, definition: AnyIntentDefinition, result: IntentResult): boolean {
    if (result.status !== 'succeeded' || definition.ledger === undefined) return false;
    slice.results.set(at, result);
    return true;
  }

  /** Finds results by position, of intents that have succeeded. @throws EffectError when a store cannot be asked. */
  async find(slice: OpenSlice, positions: readonly number[], info: Info): Promise<(at: number) => IntentResult> {
    const missing = positions.filter((at) => !slice.results.has(at));
    for (const [definition, ofType] of groupBy(missing, (at) => definitionAt(slice, at))) {
      const parsed = ofType.map((at) => itemAt(slice, at));
      const execute = this.#executes.get(definition);
      const outcomes =
        execute === undefined ? [] : await outcomesOfRepeats(execute, commandsOf(parsed, '', info), info);
      ofType.forEach((at, index) => {
        const outcome = outcomes[index] ?? refused('the store gave no outcome');
        slice.results.set(at, resultOf(definition.type, slice.idAt(at), outcome, 0));
      });
    }
    return (at) => {
      const result = slice.results.get(at);
      if (result === undefined) throw new RangeError(`no result of intent ${at}`);
      return result;
    };
  }
}

/** Returns an intent of the slice as an item of a batch. */
export const itemAt = (slice: OpenSlice, at: number): ParsedItem => ({
  item: { intent_id: slice.idAt(at), correlation_id: slice.listAt(at).correlation_id },
  intent: slice.intentAt(at),
  position: at,
});

export function definitionAt(slice: OpenSlice, at: number): AnyIntentDefinition {
  const intent = slice.intentAt(at);
  if (!intent.ok) throw new RangeError(`intent ${at} was never executed: ${intent.error}`);
  return intent.definition;
}
