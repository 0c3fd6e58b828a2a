/** This module runs `bridge worker` as a process of its own, to be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { BRIDGE_MAIN } from '../../support/bridge.js';

export interface WorkerProcess {
  /** Number of times that the process was started anew because it had ended by itself. A supervisor would do so too. */
  readonly revived: number;
  /** Last lines that the process logged. */
  readonly log: readonly string[];
  /** Port number of /health, /ready and /metrics. */
  readonly port: number;
  /** Sends SIGSTOP: the worker's sockets stay open, and it does and says nothing. */
  pause(): void;
  /** Sends SIGCONT. */
  resume(): void;
  /** Sends SIGKILL (kill -9), and returns when the process is gone. */
  kill(): Promise<void>;
  /** Sends SIGTERM, and returns the exit code when the process has ended by itself. */
  terminate(): Promise<number | null>;
  /** Starts the process again after `kill`, and returns when the worker polls. */
  start(): Promise<void>;
}

/**
 * The functions that end each process. One listener calls them all, because a process warns of more than ten listeners.
 */
const RUNNING = new Set<() => void>();
process.once('exit', () => {
  for (const end of RUNNING) end();
});

const LOG_LINES = 200;
const REVIVE_MS = 1_000;

/**
 * @param options more options of `bridge worker`, e.g. `--intake`.
 * @param main the main file of another build.
 */
export async function startWorkerProcess(
  env: NodeJS.ProcessEnv,
  options: readonly string[] = [],
  main = BRIDGE_MAIN,
): Promise<WorkerProcess> {
  let child: ChildProcess | undefined;
  let revived = 0;
  let port = 0;
  let wanted = true;
  const log: string[] = [];
  const start = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const started = spawn(process.execPath, [main, 'worker', '--json', ...options], {
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child = started;
      const keep = (chunk: Buffer): void => {
        log.push(...chunk.toString().trimEnd().split('\n'));
        log.splice(0, log.length - LOG_LINES);
      };
      // The one record on standard output says that the worker runs.
      started.stdout
        .once('data', (record: Buffer) => {
          port = (JSON.parse(record.toString()) as { port: number }).port;
          resolve();
        })
        .on('data', keep);
      started.stderr.on('data', keep);
      started.once('error', reject).once('exit', (code, signal) => {
        reject(new Error(`the worker ended with ${code ?? signal ?? '?'}:\n${log.slice(-20).join('\n')}`));
        if (child !== started) return;
        child = undefined;
        setTimeout(() => {
          if (!wanted || child !== undefined) return;
          revived += 1;
          void start().catch(() => undefined);
        }, REVIVE_MS);
      });
    });
  async function end(signal: NodeJS.Signals): Promise<number | null> {
    wanted = false;
    const running = child;
    child = undefined;
    if (running?.exitCode !== null || running.signalCode !== null) return running?.exitCode ?? null;
    const gone = once(running, 'exit');
    running.kill(signal);
    const [code] = (await gone) as [number | null];
    return code;
  }
  await start();
  RUNNING.add(() => child?.kill('SIGKILL'));
  return {
    get revived() {
      return revived;
    },
    log,
    get port() {
      return port;
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async kill() {
      await end('SIGKILL');
    },
    terminate: () => end('SIGTERM'),
    start() {
      wanted = true;
      return start();
    },
  };
}
