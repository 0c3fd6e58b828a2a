/** What activities are handed of the intents of an execution: the intents themselves, or their positions in a slice. */
import { ApplicationFailure } from '@temporalio/workflow';
import type { BatchInput } from '../../src/domain/execution/batch.js';
import { listOf, ownCorrelationOf, type Work } from '../../src/domain/execution/work.js';
import type { LockWait } from '../../src/domain/intents/command.js';
import { plannedAt, scopeOf } from './recorded-results.js';

/** Where activities find the intents. */
export interface IntentSource {
  /** By which they find the slice; absent where they are given the intents themselves. */
  readonly slice?: string;
  /** What activities do about rows that others hold; default: they wait for them. */
  readonly locks?: LockWait;
  /** The intent at an index of the plan, or its position in the slice. */
  item(index: number): { readonly intent: unknown } | number;
}

export class BatchInputs {
  constructor(
    private readonly work: Work,
    private readonly source: IntentSource,
  ) {}

  /** @param announce events that are published along with the batch. */
  of(indexes: readonly number[], announce: NonNullable<BatchInput['announce']>): BatchInput {
    const { slice, locks } = this.source;
    return {
      correlation_id: scopeOf(this.work, 0).correlation_id,
      ...(slice === undefined ? {} : { slice }),
      ...(locks === undefined ? {} : { locks }),
      page_bytes: this.work.page_bytes,
      items: indexes.map((index) => this.#itemAt(index)),
      ...(announce.length > 0 ? { announce } : {}),
    };
  }

  /** Of an intent that is announced by its position. */
  positionOf(index: number): number {
    const position = this.source.item(index);
    if (typeof position === 'number') return position;
    throw ApplicationFailure.nonRetryable(`intent ${index} has no position`, 'PlanError');
  }

  #itemAt(index: number): BatchInput['items'][number] {
    const item = this.source.item(index);
    if (typeof item === 'number') return item;
    const { id } = plannedAt(this.work, index);
    return { intent_id: id, ...item, ...ownCorrelationOf(this.work, listOf(this.work, index)) };
  }
}
