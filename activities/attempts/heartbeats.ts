/**
 * Heartbeats of an attempt that takes long, so that a worker that died is noticed by its silence
 * (`heartbeatTimeout` in `workflows/policies.ts`) and not only by the 90 s of start-to-close.
 */
import { heartbeat } from '@temporalio/activity';
import type { SpentAttempts } from './spent-attempts.js';

/** A quarter of the time-out of 20 s: three in a row may be late. Batches take milliseconds, so most attempts send none. */
export const HEARTBEAT_MS = 5_000;

/** @param spent is sent each time: a heartbeat takes the place of the details before it, and failed attempts are counted in them. */
export async function heartbeating<T>(spent: SpentAttempts, work: () => Promise<T>): Promise<T> {
  const beating = setInterval(() => heartbeat(spent), HEARTBEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beating);
  }
}
