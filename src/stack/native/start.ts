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
import { stopProcess } from '../process/stop.js';
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
  const running = runningProcess(recorder.read());
  const ports = running === null ? await start(service, context, recorder) : running.ports;
  const endpoint = service.endpoint(ports, options);
  if (running !== null && (await waitForAnswer(service, context, endpoint, running.process)) !== 'answers') {
    const advice = `${service.name} (pid ${running.process.pid}) runs and does not answer: stop the stack and start it again.`;
    throw new StackError(await withLog(advice, service, context));
  }
  await service.complete?.(endpoint, options);
  reporter.report(service.name, 'ready', running === null ? 'started' : 'already running');
  return endpoint;
}

function runningProcess(record: ServiceRecord | undefined): { ports: Ports; process: ProcessIdentity } | null {
  if (record?.process === undefined || !isAlive(record.process)) return null;
  return { ports: record.ports, process: record.process };
}

async function start(service: NativeService, context: NativeContext, recorder: Recorder): Promise<Ports> {
  const prepared = await service.prepare(context);
  // Stacks of other folders choose from the same ports.
  const lock = join(context.options.cacheDir, `start-${service.name}`);
  return withLock(lock, async () => {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      if (attempt > 1) await sleep(RETRY_MS);
      const ports = await tryStart(service, context, recorder, prepared);
      if (ports !== null) return ports;
    }
    throw new StackError(await withLog(`${service.name} did not start.`, service, context));
  });
}

/** @returns null when it ended by itself, which is worth another try with ports chosen anew. */
async function tryStart(
  service: NativeService,
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
  const outcome = await waitForAnswer(service, context, service.endpoint(ports, context.options), started);
  if (outcome === 'silent') {
    await stopProcess(started, service.stopSignal);
    throw new StackError(
      await withLog(`${service.name} did not answer within ${READY_MS / 1_000} s.`, service, context),
    );
  }
  return outcome === 'answers' ? ports : null;
}

async function waitForAnswer(
  service: NativeService,
  { reporter }: NativeContext,
  endpoint: StackEndpoints[ServiceName],
  started: ProcessIdentity,
): Promise<'answers' | 'ended' | 'silent'> {
  return reporter.during(service.name, 'starting', 'waiting for it to answer', async () => {
    const deadline = performance.now() + READY_MS;
    while (performance.now() < deadline) {
      const failure = await probe(service.name, endpoint);
      // Checked after the probe: an answer of someone else who got the port first is not ours.
      if (!isAlive(started)) return 'ended';
      if (failure === null) return 'answers';
      await sleep(POLL_MS);
    }
    return 'silent';
  });
}

const logFile = (service: NativeService, { options }: NativeContext): string =>
  join(options.stateDir, 'logs', `${service.name}.log`);

async function withLog(message: string, service: NativeService, context: NativeContext): Promise<string> {
  const file = logFile(service, context);
  return `${message} Last lines of ${file}:\n${await logTail(file)}`;
}
