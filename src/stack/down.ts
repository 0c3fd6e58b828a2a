/** This module takes the stack down: it stops what `up` started, and nothing else. */
import { join } from 'node:path';
import { composeProject, downArgs, stopArgs } from './compose/command.js';
import { StackError } from './errors.js';
import { servicesNotGiven } from './given.js';
import { withLock } from './lock.js';
import { NATIVE_SERVICES } from './native/index.js';
import { stopProcess } from './process/stop.js';
import { runCommand, TIMED_OUT } from './process/run.js';
import { purge } from './purge.js';
import { createReporter, type Reporter } from './progress.js';
import { readState, removeState, writeState, type StackState } from './state.js';
import { SERVICE_NAMES, type ServiceName, type StackDownResult, type StackOptions } from './types.js';

/** Milliseconds to wait for the engine. Each container has 15 s to end, and a daemon that hangs says nothing. */
const STOP_MS = 90_000;

export interface StackDownOptions extends StackOptions {
  /** Whether to remove the data, logs and state of the stopped servers too. Default false. */
  readonly purge?: boolean;
}

/**
 * Stops the servers; their data stays, unless `purge`. A service whose address is now given is kept even if an earlier
 * `up` started it.
 */
export async function stackDown(options: StackDownOptions): Promise<StackDownResult> {
  const reporter = createReporter(options.onProgress);
  const waiting = (): void => reporter.report('stack', 'stopping', 'another process is at work on this stack; waiting');
  const down = async (): Promise<StackDownResult> => {
    const state = readState(options.stateDir);
    const names = servicesNotGiven(options.given);
    const stopped = await (state.mode === 'compose' ? stopContainers : stopNatives)(names, state, options, reporter);
    if (options.purge === true) await purge(names, state, options);
    if (Object.keys(state.services).length === 0) removeState(options.stateDir);
    else writeState(options.stateDir, state);
    const result = SERVICE_NAMES.map((name) => {
      if (!names.includes(name)) return [name, 'kept'];
      return [name, stopped.includes(name) ? 'stopped' : 'not running'];
    });
    return Object.fromEntries(result) as StackDownResult;
  };
  return withLock(join(options.stateDir, 'stack'), down, waiting);
}

async function stopNatives(
  names: readonly ServiceName[],
  state: StackState,
  _: StackDownOptions,
  reporter: Reporter,
): Promise<ServiceName[]> {
  const stopped: ServiceName[] = [];
  await Promise.all(
    names.map(async (name) => {
      const record = state.services[name];
      if (record?.process === undefined) return;
      reporter.report(name, 'stopping', `pid ${record.process.pid}`);
      if (await stopProcess(record.process, NATIVE_SERVICES[name].stopSignal)) stopped.push(name);
      delete record.process;
      reporter.report(name, 'stopped', 'ended');
    }),
  );
  return stopped;
}

async function stopContainers(
  names: readonly ServiceName[],
  state: StackState,
  { stateDir, purge: withVolumes = false, run = runCommand }: StackDownOptions,
  reporter: Reporter,
): Promise<ServiceName[]> {
  const started = SERVICE_NAMES.filter((name) => state.services[name]?.container === true);
  const ours = started.filter((name) => names.includes(name));
  const isWhole = ours.length === started.length;
  // Containers that an earlier call has stopped left their volumes. Those of a service that is kept stay.
  const known = SERVICE_NAMES.filter((name) => state.services[name] !== undefined);
  const hasVolumes = withVolumes && known.length > 0 && known.every((name) => names.includes(name));
  if (ours.length === 0 && !hasVolumes) return [];
  const project = composeProject(stateDir);
  const args = isWhole ? downArgs(project, withVolumes) : stopArgs(project, ours);
  const { code, output } = await reporter.during('stack', 'stopping', 'stopping containers', () =>
    run('docker', args, { timeoutMs: STOP_MS }),
  );
  if (code === TIMED_OUT)
    throw new StackError(
      `docker compose has not stopped the containers within ${STOP_MS / 1_000} s: is its daemon well?`,
    );
  if (code !== 0) throw new StackError(`docker compose could not stop the containers:\n${output}`);
  for (const name of ours) delete state.services[name]?.container;
  reporter.report('stack', 'stopped', 'containers are gone');
  return ours;
}
