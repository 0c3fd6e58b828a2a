import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Repeats what fails while a change spreads through a cluster, every 200 ms.
 * @throws the last failure once `timeoutMs` have passed.
 */
export async function until<T>(timeoutMs: number, attempt: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(200);
    }
  }
}
