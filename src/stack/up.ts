/** This module brings the stack up. */
import { join } from 'node:path';
import { startContainers } from './compose/index.js';
import { engineProblem } from './compose/engine.js';
import { messageOf, StackError } from './errors.js';
import { hostOf, servicesNotGiven } from './given.js';
import { withLock } from './lock.js';
import { startNatives } from './native/index.js';
import { loadProbes, probeFor } from './probes/index.js';
import { runCommand } from './process/run.js';
import { createReporter, type Reporter } from './progress.js';
import { readState, writeState, type ServiceRecord, type StackState } from './state.js';
import { SERVICE_NAMES, type ServiceName, type StackOptions } from './types.js';
import { type Endpoints, withoutSecrets } from '../endpoints.js';

/** Milliseconds to wait for a given server, which may itself just be starting, as in CI. */
const GIVEN_READY_MS = 3_000;

/**
 * Starts the services that have no address given and do not run yet; returns when every service answers. It is safe to
 * repeat, and to call from several processes at once.
 * @throws StackError naming what is missing, or with the last lines of the log of a server that does not come up.
 */
export async function stackUp(options: StackOptions): Promise<Endpoints> {
  const reporter = createReporter(options.onProgress);
  const [, started] = await Promise.all([checkGiven(options, reporter), startMissing(options, reporter)]);
  return together(options, started);
}

/** Returns all endpoints: a service is either given or started. */
const together = ({ given }: StackOptions, started: Partial<Endpoints>): Endpoints =>
  Object.fromEntries(SERVICE_NAMES.map((name) => [name, given[name] ?? started[name]])) as unknown as Endpoints;

async function startMissing(options: StackOptions, reporter: Reporter): Promise<Partial<Endpoints>> {
  const names = servicesNotGiven(options.given);
  if (names.length === 0) return {};
  const waiting = (): void => reporter.report('stack', 'checking', 'another process is at work on this stack; waiting');
  return withLock(
    join(options.stateDir, 'stack'),
    async () => {
      const state = readState(options.stateDir);
      const mode = await chooseMode(options, state);
      const save = (): void => writeState(options.stateDir, state);
      const recorderOf = (name: ServiceName) => ({
        read: () => state.services[name],
        write: (record: ServiceRecord) => {
          state.services[name] = record;
          save();
        },
        forget: () => {
          const { [name]: _forgotten, ...others } = state.services;
          state.services = others;
          save();
        },
      });
      state.mode = mode;
      const context = { options, reporter, run: options.run ?? runCommand };
      const endpoints = await (mode === 'compose' ? startContainers : startNatives)(names, context, recorderOf);
      state.endpoints = withoutSecrets(together(options, endpoints));
      save();
      return endpoints;
    },
    waiting,
  );
}

/**
 * Chooses the kind of the servers. A stack that has servers stays with its kind; else the option decides, and what the
 * machine offers.
 */
async function chooseMode(
  { mode = 'auto', run = runCommand }: StackOptions,
  state: StackState,
): Promise<'native' | 'compose'> {
  const wanted = Object.keys(state.services).length > 0 ? (state.mode ?? mode) : mode;
  if (mode !== 'auto' && wanted !== mode) {
    throw new StackError(
      `This stack was started with mode ${wanted}: "bridge stack down --purge" removes it and its data, then mode ${mode} can start`,
    );
  }
  if (wanted === 'native') return 'native';
  const problem = await engineProblem(run);
  if (problem === null) return 'compose';
  if (wanted === 'auto') return 'native';
  throw new StackError(`No container engine can be used: ${problem}; or set BRIDGE_STACK_MODE=native`);
}

async function checkGiven({ given }: StackOptions, reporter: Reporter): Promise<void> {
  await loadProbes(SERVICE_NAMES.filter((name) => given[name] != null));
  await Promise.all(
    SERVICE_NAMES.map(async (name) => {
      const endpoint = given[name];
      if (endpoint == null) return;
      await reporter.during(name, 'checking', 'given by the environment', async () => {
        const failure = await probeFor(GIVEN_READY_MS, name, endpoint);
        if (failure === null) return;
        throw new StackError(
          `${name} at ${hostOf(endpoint)} is given by the environment and does not answer: ${messageOf(failure)}`,
        );
      });
      reporter.report(name, 'ready', 'given by the environment');
    }),
  );
}
