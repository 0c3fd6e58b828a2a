/** This module starts the worker processes, and asks them for their usage. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Usage, WorkerMessage } from './worker.js';

export interface BenchWorker {
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
  await next(child);
  return {
    async usage() {
      child.send('usage');
      const message = await next(child);
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
async function next(child: ChildProcess): Promise<WorkerMessage> {
  const ended = new AbortController();
  const exit = once(child, 'exit', { signal: ended.signal }).then(([code]) => {
    throw new Error(`the worker ended with code ${String(code)}`);
  });
  try {
    const [message] = (await Promise.race([once(child, 'message', { signal: ended.signal }), exit])) as [WorkerMessage];
    return message;
  } finally {
    exit.catch(() => undefined);
    ended.abort();
  }
}
