/**
 * This module finds the user that PostgreSQL runs as. PostgreSQL refuses to run as root; then it runs as the user
 * `postgres`.
 */
import { userInfo } from 'node:os';
import { StackError } from '../errors.js';
import type { RunCommand, UserIds } from '../process/run.js';

const USER = 'postgres';

/** @returns undefined when the server can run as the user of this process. */
export async function postgresUser(run: RunCommand): Promise<UserIds | undefined> {
  if (userInfo().uid !== 0) return undefined;
  const existing = await lookUp(run);
  if (existing !== null) return existing;
  // The user is a system account: no home, no login. The group of the same name comes with it.
  const { code, output } = await run('useradd', [
    '--system',
    '--user-group',
    '--no-create-home',
    '--shell',
    '/usr/sbin/nologin',
    USER,
  ]);
  const created = await lookUp(run);
  if (created === null) {
    throw new StackError(
      `PostgreSQL does not run as root, and the user ${USER} could not be made (useradd ended with ${code}: ${output}): ` +
        'run this as another user, or set DATABASE_URL',
    );
  }
  return created;
}

async function lookUp(run: RunCommand): Promise<UserIds | null> {
  const [uid, gid] = await Promise.all([run('id', ['-u', USER]), run('id', ['-g', USER])]);
  return uid.code === 0 && gid.code === 0 ? { uid: Number(uid.output), gid: Number(gid.output) } : null;
}

/** Returns whether the user can reach a path: some parent of it may be closed to the user, as root's home is. */
export async function canReach(run: RunCommand, user: UserIds | undefined, path: string): Promise<boolean> {
  return user === undefined || (await run('test', ['-x', path], { user })).code === 0;
}
