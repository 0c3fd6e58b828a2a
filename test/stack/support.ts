/**
 * This module gives tests stacks of their own. They have temporary state folders, and the user's cache, so that nothing
 * is built twice.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import envPaths from 'env-paths';
import { stackDown, type StackOptions } from '../../src/stack/index.js';
import type { RunCommand } from '../../src/stack/process/run.js';
import type { Endpoints } from '../../src/endpoints.js';

export const cacheDir = envPaths('bridge-store-effect', { suffix: '' }).cache;

/** Milliseconds that a test may take with a cold cache, which means a build of minutes. */
export const COLD_CACHE_MS = 15 * 60_000;

const used: { options: StackOptions; folder: string }[] = [];

/** Returns the options of a new native stack. */
export async function newStack(overrides: Partial<StackOptions> = {}): Promise<StackOptions> {
  const folder = await mkdtemp(join(tmpdir(), 'bridge-stack-'));
  // The state folder inside stays closed to others, as below root's home. Files that the servers' user needs go to
  // `rootDir`.
  await chmod(folder, 0o755);
  const options: StackOptions = {
    stateDir: join(await mkdtemp(join(folder, 'closed-')), 'state'),
    rootDir: join(folder, 'root'),
    cacheDir,
    namespace: 'default',
    given: {},
    mode: 'native',
    ...overrides,
  };
  used.push({ options, folder });
  return options;
}

/** Returns the options of a stack that is to start PostgreSQL only, the quickest of the three. */
export const onlyPostgres = ({ temporal, kafka }: Endpoints): Promise<StackOptions> =>
  newStack({ given: { temporal, kafka } });

/** Ends and removes every stack of the calling file; for its last `after`. */
export async function removeStacks(): Promise<void> {
  for (const { options, folder } of used.splice(0)) {
    if (options.run === undefined) await stackDown({ ...options, given: {}, purge: true });
    await rm(folder, { recursive: true, force: true });
  }
}

/** Answers each command as a machine without any tool does. */
export const nothingInstalled: RunCommand = (command) =>
  Promise.resolve({ code: 127, output: `${command}: not found` });

/** Takes a port number on loopback. @returns how to free it. */
export async function occupy(port: number): Promise<() => Promise<void>> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return () => new Promise((resolve) => server.close(() => resolve()));
}
