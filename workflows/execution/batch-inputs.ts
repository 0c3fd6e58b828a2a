/**
 * This module makes the inputs of activities from the intents of an execution. An input has the intents themselves, or
 * their positions in a slice.
 */
import { ApplicationFailure } from '@temporalio/workflow';
import type { BatchInput, BatchIntents, Position } from '../../src/domain/execution/batch.js';
import { listOf, ownCorrelationOf, type Work } from '../../src/domain/execution/work.js';
import type { LockWait } from '../../src/domain/intents/command.js';
import { plannedAt, scopeOf } from './recorded-results.js';

/** A list source has the intents of a plain list, which travel with their batches. */
export interface ListSource {
  /** @param index the intent's index in the plan. */
  intentAt(index: number): unknown;
}

/** A slice source has the positions of a slice's intents, by which activities find them. */
export interface SliceSource {
  /** The key under which activities find the slice. */
  readonly slice: string;
  /** The lock wait of the activities: for how long they ask for locked rows. */
  readonly locks: LockWait;
  /** @param index the intent's index in the plan. */
  positionOf(index: number): Position;
}

export class BatchInputs {
  constructor(
    private readonly work: Work,
    private readonly source: ListSource | SliceSource,
  ) {}

  /** @param announce events that are published along with the batch. */
  of(indexes: readonly number[], announce: NonNullable<BatchInput['announce']>): BatchInput {
    return {
      correlation_id: scopeOf(this.work, 0).correlation_id,
      ...this.intentsOf(indexes),
      ...('slice' in this.source ? { locks: this.source.locks } : {}),
      page_bytes: this.work.page_bytes,
      ...(announce.length > 0 ? { announce } : {}),
    };
  }

  /** Returns the intents at these indexes of the plan, without the other fields of a batch. */
  intentsOf(indexes: readonly number[]): BatchIntents {
    const { source, work } = this;
    if ('slice' in source) return { slice: source.slice, items: indexes.map((index) => source.positionOf(index)) };
    return {
      items: indexes.map((index) => ({
        intent_id: plannedAt(work, index).id,
        intent: source.intentAt(index),
        ...ownCorrelationOf(work, listOf(work, index)),
      })),
    };
  }

  /** @throws ApplicationFailure `PlanError` for an intent of a plain list: its result never stays in a worker. */
  positionOf(index: number): Position {
    if ('slice' in this.source) return this.source.positionOf(index);
    throw ApplicationFailure.nonRetryable(`intent ${index} has no position`, 'PlanError');
  }
}
