/** This module runs the commands of a release. */
import { spawnSync, type StdioOptions } from 'node:child_process';

/** Variables of the `npm run` around this, which would make npm pack another folder, are left out. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_(config|package|lifecycle)/.test(name)),
);

/** A command that failed has said why on its own. */
class CommandError extends Error {}

interface Ran {
  readonly ok: boolean;
  readonly stdout: string;
}

function spawned(command: string, args: readonly string[], stdio: StdioOptions, more: NodeJS.ProcessEnv): Ran {
  const { status, stdout, error } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio,
    env: { ...env, ...more },
    maxBuffer: 64_000_000,
  });
  if (error !== undefined) throw new CommandError(`${command}: ${error.message}`, { cause: error });
  return { ok: status === 0, stdout };
}

/** Runs a command, whose errors are shown, and returns what it prints. @throws CommandError when it fails. */
export function output(command: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): string {
  const { ok, stdout } = spawned(command, args, ['ignore', 'pipe', 'inherit'], more);
  if (!ok) throw new CommandError(`${command} ${args.join(' ')} has failed`);
  return stdout;
}

/** Runs a command that may fail, and returns what it prints. */
export const attempt = (command: string, args: readonly string[]): Ran =>
  spawned(command, args, ['ignore', 'pipe', 'ignore'], {});

/** Returns whether a command is there, and does not fail. */
export function answers(command: string, args: readonly string[]): boolean {
  try {
    return attempt(command, args).ok;
  } catch {
    return false;
  }
}
