/** This module keeps things that take long to make, so that they are made once: built servers, downloaded jars. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { withLock } from './lock.js';

const PARTIAL = '.partial-';

/**
 * Makes the folder `target` with `make`, unless it is there. The folder appears by a rename, so a folder that exists is
 * complete. A folder left half-made by a killed process has another name, and is removed before the next try.
 * @param make fills the folder it is handed.
 * @returns `target`.
 */
export async function makeOnce(
  target: string,
  make: (directory: string) => Promise<void>,
  onWait?: () => void,
): Promise<string> {
  if (existsSync(target)) return target;
  return withLock(
    target,
    async () => {
      if (existsSync(target)) return target;
      await removePartials(target);
      const partial = await mkdtemp(`${target}${PARTIAL}`);
      try {
        await make(partial);
        await rename(partial, target);
      } catch (error) {
        await rm(partial, { recursive: true, force: true });
        // The lock may have been lost to another holder, which made the same folder.
        if (!existsSync(target)) throw error;
      }
      return target;
    },
    onWait,
  );
}

async function removePartials(target: string): Promise<void> {
  const parent = dirname(target);
  await mkdir(parent, { recursive: true });
  const leftovers = (await readdir(parent)).filter((name) => name.startsWith(basename(target) + PARTIAL));
  await Promise.all(leftovers.map((name) => rm(join(parent, name), { recursive: true, force: true })));
}
