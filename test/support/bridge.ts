/** Runs `bridge` as its users do: a process, with its output and exit code. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface BridgeRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output, a JSON value a line. */
  json(): unknown[];
}

export function bridge(args: readonly string[], env: NodeJS.ProcessEnv, input?: string): Promise<BridgeRun> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--import', 'tsx', main, ...args],
      { env, maxBuffer: 64 * 1024 * 1024, timeout: 120_000 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        const json = (): unknown[] =>
          stdout
            .trim()
            .split('\n')
            .filter(Boolean)
            .map((line) => JSON.parse(line) as unknown);
        resolve({ code, stdout, stderr, json });
      },
    );
    child.stdin?.end(input ?? '');
  });
}
