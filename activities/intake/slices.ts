/**
 * This module finds the slices that activities ask for: in this process, or in the history of the slice's execution.
 */
import type { Info } from '@temporalio/activity';
import { OpenSlice } from '../../src/domain/intake/open-slice.js';
import type { DefinitionsByType } from '../../src/domain/intents/parse.js';
import type { EndedExecutions } from '../../src/domain/sweep/port.js';
import { SLICE_LEVELS } from '../../src/domain/intake/slice.js';
import { serializable } from '../../src/domain/values/serializable.js';
import type { CachedSlice, SliceCache } from '../../src/domain/intake/slice-cache.js';

export class Slices {
  readonly #open = new WeakMap<CachedSlice, OpenSlice>();

  constructor(
    private readonly cache: SliceCache,
    private readonly executions: Pick<EndedExecutions, 'input'>,
    private readonly definitions: DefinitionsByType,
  ) {}

  /** @throws EffectError when Temporal cannot be asked; RequestError when the input is no slice. */
  async find(key: string, { workflowExecution }: Pick<Info, 'workflowExecution'>): Promise<OpenSlice> {
    let cached = this.cache.get(key);
    if (cached === undefined) {
      const input =
        workflowExecution === undefined
          ? null
          : await this.executions.input({
              workflow_id: workflowExecution.workflowId,
              run_id: workflowExecution.runId,
            });
      // The intake calls `serializable` too: a value that JSON cannot represent is refused by name.
      cached = this.cache.put(key, serializable(input?.value, SLICE_LEVELS));
    }
    const open = this.#open.get(cached) ?? new OpenSlice(cached.input, this.definitions);
    this.#open.set(cached, open);
    return open;
  }

  /** Forgets a slice whose lists are answered or parked: `find` would read it again. */
  forget(key: string): void {
    this.cache.delete(key);
  }
}
