/** This module waits for what an execution ends with, as long as there are workers to execute it. */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { lookForWorker } from '../temporal/inspect.js';
import { isLeft, type WorkerLook } from '../temporal/polls.js';
import { NoWorkerError } from './errors.js';

/** Milliseconds before the first look. Most lists have ended by then, and cost no question. */
const FIRST_LOOK_MS = 5_000;
/** The shortest pause between the looks after it. */
const PAUSE_MS = 250;
/** The longest time that a timer can be set to, 24 days: whoever waits longer waits for ever. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Waits for `result` of an execution. An execution that two looks find in the same queue is given up, unless workers
 * polled that queue meanwhile.
 * @param workerTimeoutMs milliseconds to the second look.
 * @throws NoWorkerError.
 */
export async function whileWorkersPoll<T>(
  client: Client,
  workflowId: string,
  workerTimeoutMs: number,
  result: () => Promise<T>,
): Promise<T> {
  if (workerTimeoutMs > LONGEST_MS) return result();
  const firstMs = Math.min(FIRST_LOOK_MS, workerTimeoutMs / 2);
  let before: WorkerLook | undefined;
  for (let ms = firstMs; ; ms = Math.max(PAUSE_MS, workerTimeoutMs - firstMs)) {
    const ended = await within(client, ms, result);
    if (ended !== null) return ended.value;
    // The list may be executed all the same where the server does not answer this question.
    const now = await lookForWorker(client, workflowId).catch(() => undefined);
    if (now !== undefined && isLeft(before, now)) throw new NoWorkerError(workflowId, now.taskQueue, workerTimeoutMs);
    before = now;
  }
}

/** Returns the result, or null when there is none in time; then nobody asks for it any more. */
async function within<T>(client: Client, ms: number, result: () => Promise<T>): Promise<{ readonly value: T } | null> {
  const over = new AbortController();
  // Temporal's client adds a listener for each request, and asks about every 20 s.
  setMaxListeners(0, over.signal);
  try {
    return await Promise.race([
      client.withAbortSignal(over.signal, result).then((value) => ({ value })),
      sleep(ms, null, { signal: over.signal }),
    ]);
  } finally {
    over.abort();
  }
}
