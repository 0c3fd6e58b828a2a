/** Finds the intents of a slice: at hand in this process, or in the history of the execution that carries them. */
import type { Info } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { type DefinitionsByType, parseIntent, type ParsedIntent, type RejectedIntent } from '../src/intents/parse.js';
import type { EndedExecutions } from '../src/intents/ports.js';
import { serializable } from '../src/intents/serializable.js';
import type { CachedSlice, SliceCache } from '../src/intents/slice-cache.js';
import { parseSlice } from '../src/intents/slice-plan.js';

export class SliceIntents {
  constructor(
    private readonly cache: SliceCache,
    private readonly executions: Pick<EndedExecutions, 'input'>,
    private readonly definitions: DefinitionsByType,
  ) {}

  /** @throws EffectError when Temporal cannot be asked. */
  async find(key: string, { workflowExecution }: Pick<Info, 'workflowExecution'>): Promise<CachedSlice> {
    const cached = this.cache.get(key);
    if (cached !== undefined) return cached;
    const input =
      workflowExecution === undefined
        ? null
        : await this.executions.input({
            workflow_id: workflowExecution.workflowId,
            run_id: workflowExecution.runId,
          });
    // As the intake does: what no JSON can carry is refused by name.
    return this.cache.put(key, serializable(input?.value));
  }

  /** Intents by their place; those that the plan has read are not read again. @throws as `find`. */
  async parsed(key: string, info: Info): Promise<(at: number) => ParsedIntent | RejectedIntent> {
    const slice = await this.find(key, info);
    let raw: readonly unknown[] | undefined;
    return (at) => {
      const known = slice.intents.get(at);
      if (known !== undefined) return known;
      raw ??= parseSlice(slice.input).lists.flatMap(({ intents }) => intents);
      if (at >= raw.length) throw ApplicationFailure.nonRetryable(`the slice has no intent ${at}`, 'PlanError');
      const intent = parseIntent(raw[at], this.definitions);
      slice.intents.set(at, intent);
      return intent;
    };
  }

  /** Its lists are answered: nobody asks for it any more. */
  forget(key: string): void {
    this.cache.delete(key);
  }
}
