/** Brings one native server to the point where it answers, or says why it does not. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StackError } from '../errors.js';
import { withLock } from '../lock.js';
import { choosePorts, type Ports } from '../ports.js';
import { probe } from '../probes/index.js';
import { startDetached } from '../process/detached.js';
import { isAlive, type ProcessIdentity } from '../process/identity.js';
import { logTail } from '../process/log-tail.js';
import type { ServiceRecord } from '../state.js';
import type { ServiceName, StackEndpoints } from '../types.js';
import type { NativeContext, NativeService, PreparedServer } from './service.js';

/** A broker takes 3 s on an idle machine, and up to ten times that beside a build on two cores. */
const READY_MS = 90_000;
const POLL_MS = 100;
/** A port may be taken between its choice and the start, and a killed PostgreSQL needs a moment to let go of its memory. */
const ATTEMPTS = 3;
const RETRY_MS = 1_000;

export interface Recorder {
  read(): ServiceRecord | undefined;
  write(record: ServiceRecord): void;
}

/** Starts it unless the recorded process is alive; either way it answers when this returns. */
export async function startNative<Name extends ServiceName>(
  service: NativeService<Name>,
  context: NativeContext,
  recorder: Recorder,
): Promise<StackEndpoints[Name]> {
  const { options, reporter } = context;
  const recorded = recorder.read();
  const running = recorded?.process !== undefined && isAlive(recorded.process) ? recorded.process : null;
  const ports = running !== null && recorded !== undefined ? recorded.ports : await start(service, context, recorder);
  const endpoint = service.endpoint(ports, options);
  if (running !== null && !(await answers(service, context, endpoint, running))) {
    throw new StackError(
      `${service.name} (pid ${running.pid}) runs but does not answer. Last lines of its log:\n${await logTail(logFile(service, context))}`,
    );
  }
  await service.complete?.(endpoint, options);
  reporter.report(service.name, 'ready', running === null ? 'started' : 'already running');
  return endpoint;
}

async function start<Name extends ServiceName>(
  service: NativeService<Name>,
  context: NativeContext,
  recorder: Recorder,
): Promise<Ports> {
  const prepared = await service.prepare(context);
  // Stacks of other folders choose from the same ports.
  const lock = join(context.options.cacheDir, `start-${service.name}`);
  return withLock(lock, async () => {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      if (attempt > 1) await sleep(RETRY_MS);
      const ports = await tryStart(service, context, recorder, prepared);
      if (ports !== null) return ports;
    }
    const tail = await logTail(logFile(service, context));
    throw new StackError(`${service.name} did not start. Last lines of ${logFile(service, context)}:\n${tail}`);
  });
}

/** @returns null when it ended by itself, or did not answer in time and was left. */
async function tryStart<Name extends ServiceName>(
  service: NativeService<Name>,
  context: NativeContext,
  recorder: Recorder,
  prepared: PreparedServer,
): Promise<Ports | null> {
  const ports = await choosePorts(service.ports, recorder.read()?.ports);
  const command = await prepared.command(ports);
  const record: ServiceRecord = { ports, dataDir: prepared.dataDir };
  const started = await startDetached(command, logFile(service, context), (identity) =>
    recorder.write({ ...record, process: identity }),
  );
  return (await answers(service, context, service.endpoint(ports, context.options), started)) ? ports : null;
}

/** Waits until it answers; gives up when its process ends, or after {@link READY_MS}. */
async function answers<Name extends ServiceName>(
  service: NativeService<Name>,
  { reporter }: NativeContext,
  endpoint: StackEndpoints[Name],
  started: ProcessIdentity,
): Promise<boolean> {
  return reporter.during(service.name, 'starting', 'waiting for it to answer', async () => {
    const deadline = performance.now() + READY_MS;
    while (performance.now() < deadline) {
      const failure = await probe(service.name, endpoint);
      if (!isAlive(started)) return false;
      if (failure === null) return true;
      await sleep(POLL_MS);
    }
    return false;
  });
}

const logFile = (service: NativeService, { options }: NativeContext): string =>
  join(options.stateDir, 'logs', `${service.name}.log`);
