/** This module starts the three servers as containers. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Endpoints } from '../../endpoints.js';
import { endpointOf } from '../endpoints.js';
import { StackError } from '../errors.js';
import type { NativeContext } from '../native/service.js';
import type { Recorder } from '../native/start.js';
import { choosePorts, type Ports } from '../ports.js';
import { ensureDatabase } from '../../postgres/schema/database.js';
import { probe } from '../probes/index.js';
import type { ServiceName } from '../types.js';
import { composeProject, logsArgs, runningArgs, upArgs } from './command.js';
import { composePorts, variablesOf } from './services.js';

export async function startContainers(
  names: readonly ServiceName[],
  context: NativeContext,
  recorderOf: (name: ServiceName) => Recorder,
): Promise<Partial<Endpoints>> {
  const { options, reporter } = context;
  const ports = new Map<ServiceName, Ports>();
  for (const name of names) ports.set(name, await portsFor(name, context, recorderOf(name)));
  const endpoints = Object.fromEntries(
    Array.from(ports, ([name, of]) => [name, endpointOf(name, of, options)]),
  ) as Partial<Endpoints>;

  const variables = Array.from(ports, ([name, of]) => Object.entries(variablesOf(name, of, options))).flat();
  const isNew = names.every((name) => recorderOf(name).read() === undefined);
  try {
    await composeUp(names, variables, context, () => {
      for (const [name, of] of ports) recorderOf(name).write({ ports: of, container: true });
    });
  } catch (error) {
    // A first start that failed, for example at the registry, leaves nothing. The next one may choose native servers.
    if (isNew && (await isRunning(context)) === false) for (const name of names) recorderOf(name).forget();
    throw error;
  }
  if (endpoints.postgres) await ensureDatabase(endpoints.postgres);
  for (const name of names) reporter.report(name, 'ready', 'its container is healthy');
  return endpoints;
}

/** Returns whether a container of the project runs; null where the engine does not say. */
async function isRunning({ options, run }: NativeContext): Promise<boolean | null> {
  const { code, output } = await run('docker', runningArgs(composeProject(options.stateDir)), { timeoutMs: 10_000 });
  return code === 0 ? output.trim() !== '' : null;
}

async function portsFor(name: ServiceName, { options }: NativeContext, recorder: Recorder): Promise<Ports> {
  const before = recorder.read();
  // The port of a service's own container is not free. It is not to be chosen anew either, or every `up` would make the
  // container anew.
  if (before?.container === true && (await probe(name, endpointOf(name, before.ports, options))) === null)
    return before.ports;
  return choosePorts(composePorts(name), before?.ports);
}

async function composeUp(
  names: readonly ServiceName[],
  variables: readonly (readonly [string, string])[],
  { options, run, reporter }: NativeContext,
  onStart: () => void,
): Promise<void> {
  const project = composeProject(options.stateDir);
  mkdirSync(dirname(project.envFile), { recursive: true });
  writeFileSync(project.envFile, variables.map(([name, value]) => `${name}=${value}\n`).join(''));
  onStart();
  const message = 'starting containers; the images are fetched once';
  const { code, output } = await reporter.during('stack', 'starting', message, (say) =>
    run('docker', upArgs(project, names), { onLine: (line) => say(line.trim()) }),
  );
  if (code === 0) return;
  const logs = await run('docker', logsArgs(project, names), { timeoutMs: 10_000 });
  throw new StackError(
    `docker compose up failed:\n${output.split('\n').slice(-15).join('\n')}\n${logs.output}\n` +
      'With BRIDGE_STACK_MODE=native the servers run without containers.',
  );
}
