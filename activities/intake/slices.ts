/**
 * This module finds the slices that activities ask for: in this process, or in the history of the slice's execution.
 */
import type { Info } from '@temporalio/activity';
import { OpenSlice } from '../../src/domain/intake/open-slice.js';
import type { DefinitionsByType } from '../../src/domain/intents/parse.js';
import { readGivenLists } from '../../src/domain/sharing/given-lists.js';
import { EXECUTE_LISTS } from '../../src/domain/sharing/shared-list.js';
import type { EndedExecutions, Execution, StartedInput } from '../../src/domain/sweep/port.js';
import { SLICE_LEVELS } from '../../src/domain/intake/slice.js';
import { serializable } from '../../src/domain/values/serializable.js';
import type { CachedSlice, SliceCache } from '../../src/domain/intake/slice-cache.js';

/**
 * Returns the lists of an execution as those of a slice, whether the intake or callers have started it. @throws
 * RequestError when the input has no lists.
 */
export function sliceOf(input: StartedInput | null, { workflow_id }: Pick<Execution, 'workflow_id'>): unknown {
  // The intake calls `serializable` too: a value that JSON cannot represent is refused by name.
  const value = serializable(input?.value, SLICE_LEVELS);
  if (input?.type !== EXECUTE_LISTS) return value;
  return readGivenLists(value, { workflow_id, started_at: input.started_at ?? new Date().toISOString() }).slice;
}

export class Slices {
  readonly #open = new WeakMap<CachedSlice, OpenSlice>();

  constructor(
    private readonly cache: SliceCache,
    private readonly executions: Pick<EndedExecutions, 'input'>,
    private readonly definitions: DefinitionsByType,
  ) {}

  /** @throws EffectError when Temporal cannot be asked; RequestError when the input is no slice. */
  async find(key: string, { workflowExecution }: Pick<Info, 'workflowExecution'>): Promise<OpenSlice> {
    const cached = this.cache.get(key);
    if (cached !== undefined) return this.#openOf(cached);
    if (workflowExecution === undefined) return this.put(key, undefined);
    const execution = { workflow_id: workflowExecution.workflowId, run_id: workflowExecution.runId };
    return this.put(key, sliceOf(await this.executions.input(execution), execution));
  }

  /** Keeps a slice in this process, by its input. @throws RequestError when the input is no slice. */
  put(key: string, input: unknown): OpenSlice {
    return this.#openOf(this.cache.put(key, input));
  }

  #openOf(cached: CachedSlice): OpenSlice {
    const open = this.#open.get(cached) ?? new OpenSlice(cached.input, this.definitions);
    this.#open.set(cached, open);
    return open;
  }

  /** Forgets a slice whose lists are answered or parked: `find` would read it again. */
  forget(key: string): void {
    this.cache.delete(key);
  }
}
