/** This lock lets one process at a time work, also after its holder has crashed. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lock } from 'proper-lockfile';

/** Milliseconds for which a holder that was killed blocks others. */
const STALE_MS = 10_000;
const REFRESH_MS = 2_000;
const POLL_MS = 200;
/** Milliseconds between two reports of a wait, so that a long wait is seen to be one. */
const TELL_EVERY_MS = 4_000;

/**
 * Runs `work` while holding the lock `file`.lock.
 * @param onWait called every 4 s while another process holds it.
 */
export async function withLock<T>(file: string, work: () => Promise<T>, onWait?: () => void): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const release = await acquire(file, onWait);
  try {
    return await work();
  } finally {
    // A lock that was taken over is released already; what it guards is safe against that (see `onCompromised`).
    await release().catch(() => undefined);
  }
}

async function acquire(file: string, onWait: (() => void) | undefined): Promise<() => Promise<void>> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await lock(file, {
        realpath: false,
        stale: STALE_MS,
        update: REFRESH_MS,
        // The default throws from a timer and so ends the process. A laptop that slept gets here. The guarded steps end
        // in an atomic rename, or check a recorded process again, so a second holder costs time and nothing else.
        onCompromised: () => undefined,
      });
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ELOCKED') throw error;
      if ((attempt * POLL_MS) % TELL_EVERY_MS === 0) onWait?.();
      await sleep(POLL_MS);
    }
  }
}
