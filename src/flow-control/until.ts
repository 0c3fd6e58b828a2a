import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Repeats an attempt every 200 ms as long as it fails, because a change needs time to spread through a cluster.
 * @param isPassing whether a failure is worth another attempt; default: any.
 * @throws the last failure once `timeoutMs` have passed, or at once a failure that is not worth another attempt.
 */
export async function until<T>(
  timeoutMs: number,
  attempt: () => Promise<T>,
  isPassing: (error: unknown) => boolean = () => true,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline || !isPassing(error)) throw error;
      await sleep(200);
    }
  }
}
