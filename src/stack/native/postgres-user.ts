/** PostgreSQL refuses to run as root; then it runs as the user `postgres`. */
import { userInfo } from 'node:os';
import { StackError } from '../errors.js';
import type { RunCommand, UserIds } from '../process/run.js';

const USER = 'postgres';

/** @returns undefined when the server can run as who we are. */
export async function postgresUser(run: RunCommand): Promise<UserIds | undefined> {
  if (userInfo().uid !== 0) return undefined;
  const existing = await lookUp(run);
  if (existing !== null) return existing;
  // A system account: no home, no login. The group of the same name comes with it.
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

/** Some parent of a path may be closed to the user, as root's home is. */
export async function canReach(run: RunCommand, user: UserIds | undefined, path: string): Promise<boolean> {
  return user === undefined || (await run('test', ['-x', path], { user })).code === 0;
}
