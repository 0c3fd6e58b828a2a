/** This module judges by the polls of a task queue whether a worker is there. */

/** A look is at an execution and its task queue. Its times are milliseconds since 1970, by the server's clock. */
export interface WorkerLook {
  readonly taskQueue: string;
  /** The time at which a worker last polled the task queue; null when the server knows of no poll. */
  readonly lastPoll: number | null;
  /** The time at which the workflow task was queued that waits for a worker; null when none waits. */
  readonly queuedAt: number | null;
}

/** Milliseconds after which a worker that lives has polled again: a poll without a task ends after 60 s. */
const POLL_MS = 70_000;

/** Returns whether a worker polls: the server remembers a poll for five minutes, also of a worker that has gone. */
export const isPolled = (lastPoll: number | null, now = Date.now()): boolean =>
  lastPoll !== null && now - lastPoll < POLL_MS;

/**
 * Returns whether one task has waited from a look to the next, and nobody has polled meanwhile. Workers that are busy
 * with other tasks poll; an idle one would have the task.
 */
export const isLeft = (before: WorkerLook | undefined, now: WorkerLook): boolean =>
  now.queuedAt !== null && before?.queuedAt === now.queuedAt && before.lastPoll === now.lastPoll;

/** Says that no worker polls a task queue, and since when. */
export function noWorkerPolls(taskQueue: string, lastPoll: number | null, now = Date.now()): string {
  const since = lastPoll === null ? '' : ` (last poll ${Math.round((now - lastPoll) / 1_000)} s ago)`;
  return `no worker polls ${taskQueue}${since}`;
}
