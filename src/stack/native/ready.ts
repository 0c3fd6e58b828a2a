/** This module waits for a native server to answer, and tells what its log says when it does not. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { probe } from '../probes/index.js';
import { isAlive, type ProcessIdentity } from '../process/identity.js';
import { logTail } from '../process/log-tail.js';
import type { ServiceName } from '../types.js';
import type { NativeContext, NativeService } from './service.js';
import type { Endpoints } from '../../endpoints.js';

/**
 * Milliseconds to wait for an answer. A broker takes 3 s on an idle machine, and up to ten times that beside a build on
 * two cores.
 */
export const READY_MS = 90_000;
const POLL_MS = 100;

/**
 * @param started the server's process.
 * @returns `ended` when the process is gone; `silent` after {@link READY_MS}.
 */
export async function waitForAnswer(
  service: NativeService,
  { reporter }: NativeContext,
  endpoint: Endpoints[ServiceName],
  started: ProcessIdentity,
): Promise<'answers' | 'ended' | 'silent'> {
  return reporter.during(service.name, 'starting', 'waiting for it to answer', async () => {
    const deadline = performance.now() + READY_MS;
    while (performance.now() < deadline) {
      const failure = await probe(service.name, endpoint);
      // The process is checked after the probe: an answer of another server that got the port first is not ours.
      if (!isAlive(started)) return 'ended';
      if (failure === null) return 'answers';
      await sleep(POLL_MS);
    }
    return 'silent';
  });
}

export const logFile = (service: NativeService, { options }: NativeContext): string =>
  join(options.stateDir, 'logs', `${service.name}.log`);

/** @returns `message` with the last lines of the server's log. */
export async function withLog(message: string, service: NativeService, context: NativeContext): Promise<string> {
  const file = logFile(service, context);
  return `${message} Last lines of ${file}:\n${await logTail(file)}`;
}
