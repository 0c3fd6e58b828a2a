/**
 * This module calls the activities of one execution. An outage that one activity has waited out in vain is known to the
 * activities after it.
 */
import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import type { BatchInput, BatchOutput, FailingSince, ResolveInput } from '../../src/domain/execution/batch.js';
import type { PlannedLane } from '../../src/domain/execution/plan.js';
import { resolveBatch, runBatch } from '../policies.js';

/** A called activity has a policy, a name, and the error code of its store. */
type Called = Pick<PlannedLane, 'policy' | 'activity' | 'errorCode'>;

export class ExecutionActivities {
  readonly #failingSince = new Map<string, number>();

  /** Returns the outages as an activity's input has them; empty when there is none. */
  get outages(): { readonly failing_since?: FailingSince } {
    return this.#failingSince.size === 0 ? {} : { failing_since: Object.fromEntries(this.#failingSince) };
  }

  run({ policy, activity, errorCode }: Called, summary: string, input: BatchInput): Promise<BatchOutput> {
    return this.#watch(errorCode, runBatch(policy, activity, summary, { ...input, ...this.outages }));
  }

  /** Resolves the intents of a chunk whose activity failed for good. */
  resolve({ errorCode }: Called, summary: string, input: ResolveInput): Promise<BatchOutput> {
    return this.#watch(errorCode, resolveBatch(summary, { ...input, ...this.outages }));
  }

  /**
   * Notes the outage that a failure tells of (`toTemporalFailure`); a success ends the outage of the activity's store.
   * The method is not async, because the SDK takes a stack trace for every promise that workflow code makes.
   */
  #watch(errorCode: string, activity: Promise<BatchOutput>): Promise<BatchOutput> {
    return activity.then(
      (output) => {
        this.#failingSince.delete(errorCode);
        return output;
      },
      (error: unknown) => {
        this.#note(error);
        throw error;
      },
    );
  }

  #note(error: unknown): void {
    const cause = error instanceof ActivityFailure ? error.cause : undefined;
    if (!(cause instanceof ApplicationFailure) || (cause.type !== 'unavailable' && cause.type !== 'transient')) return;
    const [code, since] = cause.details ?? [];
    if (typeof code === 'string' && typeof since === 'number') this.#failingSince.set(code, since);
  }
}
