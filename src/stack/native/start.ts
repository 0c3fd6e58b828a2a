/** This module brings one native server to the point where it answers, or says why it does not. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StackError } from '../errors.js';
import { withLock } from '../lock.js';
import { choosePorts, type Ports } from '../ports.js';
import { startDetached } from '../process/detached.js';
import { isAlive } from '../process/identity.js';
import { stopProcess } from '../process/stop.js';
import type { ServiceRecord } from '../state.js';
import type { ServiceName } from '../types.js';
import { logFile, READY_MS, waitForAnswer, withLog } from './ready.js';
import type { NativeContext, NativeService, PreparedServer } from './service.js';
import type { Endpoints } from '../../endpoints.js';

/**
 * The most attempts at a start. A port may be taken between its choice and the start, and a killed PostgreSQL needs a
 * moment to let go of its memory.
 */
const ATTEMPTS = 3;
const RETRY_MS = 1_000;

interface ServiceRecorder {
  read(): ServiceRecord | undefined;
  write(record: ServiceRecord): void;
}

export interface Recorder extends ServiceRecorder {
  /** Forgets a service that has never run, so that the stack is not bound to its kind. */
  forget(): void;
}

/** Starts the server unless the recorded process is alive; either way it answers when this returns. */
export async function startNative<Name extends ServiceName>(
  service: NativeService<Name>,
  context: NativeContext,
  recorder: ServiceRecorder,
): Promise<Endpoints[Name]> {
  const { options, reporter } = context;
  const found = await findRunning(service, context, recorder.read());
  const ports = found ?? (await start(service, context, recorder));
  const endpoint = service.endpoint(ports, options);
  await service.complete?.(endpoint, options);
  reporter.report(service.name, 'ready', found === null ? 'started' : 'already running');
  return endpoint;
}

/** @returns the port numbers of the recorded process; null when it is gone, or was on its way out. */
async function findRunning(
  service: NativeService,
  context: NativeContext,
  record: ServiceRecord | undefined,
): Promise<Ports | null> {
  if (record?.process === undefined || !isAlive(record.process)) return null;
  const outcome = await waitForAnswer(
    service,
    context,
    service.endpoint(record.ports, context.options),
    record.process,
  );
  if (outcome === 'silent') {
    const advice = `${service.name} (pid ${record.process.pid}) runs and does not answer: "bridge stack down", then "bridge stack up".`;
    throw new StackError(await withLog(advice, service, context));
  }
  return outcome === 'answers' ? record.ports : null;
}

async function start(service: NativeService, context: NativeContext, recorder: ServiceRecorder): Promise<Ports> {
  const prepared = await service.prepare(context);
  // Stacks of other folders choose from the same port numbers, so one starts at a time.
  const lock = join(context.options.cacheDir, `start-${service.name}`);
  const waiting = (): void =>
    context.reporter.report(service.name, 'starting', 'another stack is starting its own; waiting');
  return withLock(lock, () => startWithin(ATTEMPTS, service, context, recorder, prepared), waiting);
}

async function startWithin(
  attempts: number,
  service: NativeService,
  context: NativeContext,
  recorder: ServiceRecorder,
  prepared: PreparedServer,
): Promise<Ports> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    if (attempt > 1) await sleep(RETRY_MS);
    const ports = await tryStart(service, context, recorder, prepared);
    if (ports !== null) return ports;
  }
  throw new StackError(await withLog(`${service.name} did not start.`, service, context));
}

/** @returns null when the server ended by itself, which is worth another try with ports chosen anew. */
async function tryStart(
  service: NativeService,
  context: NativeContext,
  recorder: ServiceRecorder,
  prepared: PreparedServer,
): Promise<Ports | null> {
  const ports = await choosePorts(service.ports, recorder.read()?.ports);
  const command = await prepared.command(ports);
  const record: ServiceRecord = { ports, dataDir: prepared.dataDir };
  const started = await startDetached(command, logFile(service, context), (identity) =>
    recorder.write({ ...record, process: identity }),
  );
  if (started === null) return null;
  const outcome = await waitForAnswer(service, context, service.endpoint(ports, context.options), started);
  if (outcome === 'silent') {
    await stopProcess(started, service.stopSignal);
    throw new StackError(
      await withLog(`${service.name} did not answer within ${READY_MS / 1_000} s.`, service, context),
    );
  }
  return outcome === 'answers' ? ports : null;
}
