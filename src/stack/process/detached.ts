/** This module starts a server that outlives this process. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { identify, type ProcessIdentity } from './identity.js';
import { withEnvironment, type UserIds } from './run.js';

export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: UserIds | undefined;
}

/**
 * @returns null when the server ended before it could be identified.
 * @param onStarted is called before anything else can happen, so that a crash of this process right after leaves a
 * record.
 * @throws when the program cannot be run at all.
 */
export async function startDetached(
  server: ServerCommand,
  logFile: string,
  onStarted: (identity: ProcessIdentity) => void,
): Promise<ProcessIdentity | null> {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a');
  try {
    const [program, ...args] = withEnvironment(server.command, server.args, server.env);
    // The working folder is the root: the caller's may be closed to the server's user, or may be removed under the
    // server.
    const child = spawn(program, args, { ...server.user, cwd: '/', detached: true, stdio: ['ignore', log, log] });
    const identity = child.pid === undefined ? null : identify(child.pid);
    if (identity !== null) onStarted(identity);
    await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    child.unref();
    return identity;
  } finally {
    closeSync(log);
  }
}
