/** This module looks after the server's data folder: where it lies, its first contents, and what a crash left in it. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StackError } from '../errors.js';
import { identify } from '../process/identity.js';
import type { RunCommand, UserIds } from '../process/run.js';
import { canReach } from './postgres-user.js';

/** @returns a folder below `stateDir` when `user` can reach it, else one of its own below `rootDir`. */
export async function postgresDataDir(
  run: RunCommand,
  user: UserIds | undefined,
  stateDir: string,
  rootDir: string,
): Promise<string> {
  await mkdir(stateDir, { recursive: true });
  if (await canReach(run, user, stateDir)) return join(stateDir, 'data', 'postgres');
  await mkdir(rootDir, { recursive: true });
  await chmod(rootDir, 0o755);
  return join(rootDir, `data-${createHash('sha256').update(stateDir).digest('hex').slice(0, 16)}`, 'postgres');
}

/** Makes the data folder by a rename, so that an `initdb` that was killed is begun again. */
export async function initialise(
  run: RunCommand,
  user: UserIds | undefined,
  bin: string,
  dataDir: string,
): Promise<void> {
  if (existsSync(dataDir)) return;
  const partial = `${dataDir}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true, mode: 0o700 });
  if (user !== undefined) {
    // The parent was made with this process's umask, and the server's user has to pass through it.
    await chmod(dirname(dataDir), 0o755);
    await chown(partial, user.uid, user.gid);
  }
  // The builtin provider sorts the same on every system, whatever locales it has. The server trusts its clients, since
  // it listens on loopback only.
  const args = [
    '-D',
    partial,
    '-U',
    'postgres',
    '--auth=trust',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
  ];
  const { code, output } = await run(join(bin, 'initdb'), [...args, '--builtin-locale=C.UTF-8'], { cwd: '/', user });
  if (code !== 0) throw new StackError(`initdb failed:\n${output}`);
  await rename(partial, dataDir);
}

/**
 * Removes postmaster.pid when its process is plainly not a server on this folder. After a crash the file names a pid
 * that may since belong to anyone. The server would refuse to start while that process lives and has the same user.
 */
export async function clearStalePid(run: RunCommand, dataDir: string): Promise<void> {
  const file = join(dataDir, 'postmaster.pid');
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return;
  const pid = Number(text.split('\n')[0]);
  if (identify(pid) !== null) {
    const { code, output } = await run('ps', ['-o', 'command=', '-p', String(pid)]);
    if (code !== 0 || output.includes(dataDir)) return;
  }
  await rm(file, { force: true });
}
