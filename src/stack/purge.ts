/** This module removes what stacks leave on disk. */
import { rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { StackState } from './state.js';
import type { ServiceName, StackOptions } from './types.js';

/**
 * Removes the data and logs of the services `names`, which must be stopped. With the last of them it removes everything
 * else of the stack.
 */
export async function purge(
  names: readonly ServiceName[],
  state: StackState,
  { stateDir }: StackOptions,
): Promise<void> {
  for (const name of names) {
    const dataDir = state.services[name]?.dataDir ?? join(stateDir, 'data', name);
    await rm(dataDir, { recursive: true, force: true });
    await rm(`${dataDir}.partial`, { recursive: true, force: true });
    // A folder outside the state folder was made for this stack alone.
    if (relative(stateDir, dataDir).startsWith('..')) await rm(dirname(dataDir), { recursive: true, force: true });
    await rm(join(stateDir, 'logs', `${name}.log`), { force: true });
  }
  state.services = Object.fromEntries(
    Object.entries(state.services).filter(([name]) => !names.includes(name as ServiceName)),
  );
  if (Object.keys(state.services).length > 0) return;
  state.mode = null;
  for (const leftover of ['data', 'logs', 'compose.env'])
    await rm(join(stateDir, leftover), { recursive: true, force: true });
}
