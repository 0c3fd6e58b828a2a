/** This module starts the worker processes, and asks them for their usage. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Usage, WorkerMessage } from './worker.js';

export interface BenchWorker {
  readonly pid: number;
  usage(): Promise<Usage>;
  /** Stops the worker; may be called after it has stopped, too. */
  stop(): Promise<void>;
}

export async function forkWorker(
  role: 'service' | 'intake' | 'baseline',
  env: NodeJS.ProcessEnv,
): Promise<BenchWorker> {
  const child = fork(fileURLToPath(new URL('worker.ts', import.meta.url)), [role], {
    env,
    execArgv: ['--import', 'tsx'],
  });
  await next<WorkerMessage>(child);
  return {
    pid: child.pid ?? 0,
    async usage() {
      child.send('usage');
      const message = await next<WorkerMessage>(child);
      if (!('maxRssMb' in message)) throw new Error('the worker did not tell its usage');
      return message;
    },
    async stop() {
      if (child.exitCode !== null) return;
      child.send('stop');
      await once(child, 'exit');
    },
  };
}

/** Returns the child's next message; rejects when the child ends instead. */
export async function next<M>(child: ChildProcess): Promise<M> {
  const ended = new AbortController();
  const exit = once(child, 'exit', { signal: ended.signal }).then(([code]) => {
    throw new Error(`the worker ended with code ${String(code)}`);
  });
  try {
    const [message] = (await Promise.race([once(child, 'message', { signal: ended.signal }), exit])) as [M];
    return message;
  } finally {
    exit.catch(() => undefined);
    ended.abort();
  }
}
