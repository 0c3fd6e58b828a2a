/** This module reads the failure of an activity: its message for a person, and how it ends the intents. */
import { ActivityFailure, ApplicationFailure, isCancellation, patched, TimeoutFailure } from '@temporalio/workflow';
import type { DerivedEvent } from '../src/domain/intents/definition.js';
import { operationFailed } from '../src/domain/intents/operation-failed.js';
import type { IntentResult } from '../src/domain/intents/result.js';
import { isFailureClass } from '../src/domain/failures/failure.js';
import type { PlannedLane } from '../src/domain/execution/plan.js';
import type { NoEffect } from '../src/domain/execution/without-effect.js';

/** Returns the message of the activity's own failure, not of the wrapper around it. */
export function messageOf(error: unknown): string {
  const cause = causeOf(error);
  return cause instanceof Error ? cause.message : String(cause);
}

/**
 * Returns what an operator should read when planning was refused: the cause, not the local activity's wrapper around
 * it.
 */
export const refusalOf = (error: unknown): unknown =>
  error instanceof ActivityFailure && error.cause instanceof ApplicationFailure ? error.cause : error;

/**
 * Returns how the failure ends the intents. After a time-out, or a cancellation between attempts, nobody knows whether
 * an effect happened; a read has none.
 */
export function failureOf(error: unknown, { errorCode, policy }: PlannedLane, timestamp: string): NoEffect {
  const cause = causeOf(error);
  const code: unknown = cause instanceof ApplicationFailure ? cause.details?.[0] : undefined;
  const interrupted = cause instanceof TimeoutFailure || isCancellation(error);
  return {
    status: interrupted && policy !== 'read' ? 'unknown' : 'failed',
    error: messageOf(error),
    errorCode: typeof code === 'string' ? code : errorCode,
    ...classOf(cause),
    timestamp,
  };
}

/** Returns the failure class, which `toTemporalFailure` has written as the type. */
const classOf = (cause: unknown): Pick<NoEffect, 'failureClass'> => {
  const type = cause instanceof ApplicationFailure ? cause.type : undefined;
  return isFailureClass(type) ? { failureClass: type } : {};
};

const causeOf = (error: unknown): unknown => (error instanceof ActivityFailure ? error.cause : error);

/**
 * Returns the event that announces a result without effect. A skipped intent has none. An intent that is `unknown` has
 * none either: its effect may have happened, and the sweep announces what the ledger says of it.
 */
export function eventOfFailure(result: IntentResult): DerivedEvent | null {
  if (result.status === 'skipped') return null;
  // Executions that began before 2026-11-27 announce them.
  return result.status === 'unknown' && patched('unknown-is-no-failure') ? null : operationFailed(result);
}
