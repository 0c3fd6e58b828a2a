import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Repeats what fails while a change spreads through a cluster, every 200 ms.
 * @param isPassing whether a failure is worth another attempt; default: any.
 * @throws the last failure once `timeoutMs` have passed, or at once one that is not.
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
