/** This module runs a program to its end. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The exit code of shells for a program that does not exist. */
export const NOT_FOUND = 127;
/** The exit code of timeout(1). */
export const TIMED_OUT = 124;

export interface UserIds {
  readonly uid: number;
  readonly gid: number;
}

interface RunOptions {
  /** Variables added to the inherited environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The most milliseconds that the program may take; default: no limit. */
  readonly timeoutMs?: number;
  /** User that the program runs as; only root may set one. */
  readonly user?: UserIds | undefined;
  /** Gets each line of either output, as it comes. */
  readonly onLine?: (line: string) => void;
}

interface RunResult {
  readonly code: number;
  /** Lines of both outputs, as they came. */
  readonly output: string;
}

export type RunCommand = (command: string, args: readonly string[], options?: RunOptions) => Promise<RunResult>;

/** Runs a program, and never rejects: one that is missing or too slow ends with {@link NOT_FOUND} or 124. */
export const runCommand: RunCommand = (command, args, options = {}) =>
  new Promise((resolve) => {
    const [program, ...rest] = withEnvironment(command, args, options.env);
    const child = spawn(program, rest, { ...options.user, cwd: options.cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const lines: string[] = [];
    let timedOut = false;
    const timer = setTimeout(
      () => {
        timedOut = true;
        child.kill('SIGKILL');
      },
      options.timeoutMs ?? 2 ** 31 - 1,
    );
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        options.onLine?.(line);
      });
    }
    const end = (code: number): void => {
      clearTimeout(timer);
      resolve({ code: timedOut ? TIMED_OUT : code, output: lines.join('\n') });
    };
    child.on('error', (error: NodeJS.ErrnoException) => {
      lines.push(error.message);
      end(error.code === 'ENOENT' ? NOT_FOUND : 1);
    });
    child.on('close', (code) => end(code ?? 1));
  });

/** Adds variables by env(1) to what is inherited, so that this code need not read its own environment to pass it on. */
export function withEnvironment(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> | undefined,
): [string, ...string[]] {
  const variables = Object.entries(env ?? {}).map(([name, value]) => `${name}=${value}`);
  return variables.length === 0 ? [command, ...args] : ['env', ...variables, command, ...args];
}
