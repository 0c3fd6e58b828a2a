import pTimeout from 'p-timeout';

/**
 * Does a task at regular times, but never twice at once. The times keep no process running.
 * @returns what ends that, and waits for a task that is under way, for 2 s at most.
 */
export function regularly(everyMs: number, task: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= task().finally(() => (running = undefined));
  }, everyMs).unref();
  return async () => {
    clearInterval(timer);
    if (running !== undefined) await pTimeout(running, { milliseconds: 2_000, message: false });
  };
}
