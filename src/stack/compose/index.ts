/** This module starts the three servers as containers, and checks that they answer where it says. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Endpoints } from '../../endpoints.js';
import { endpointOf } from '../endpoints.js';
import { messageOf, StackError } from '../errors.js';
import { hostOf } from '../given.js';
import type { NativeContext } from '../native/service.js';
import type { Recorder } from '../native/start.js';
import { choosePorts, type Ports } from '../ports.js';
import { ensureDatabase } from '../../postgres/schema/database.js';
import { probeFor } from '../probes/index.js';
import type { ServiceName } from '../types.js';
import { composeProject, logsArgs, runningArgs, upArgs } from './command.js';
import { composePorts, variablesOf } from './services.js';

type Variables = Readonly<Record<string, string>>;

/** Milliseconds for a healthy server to answer at its published port. */
const ANSWER_MS = 20_000;

/** Returns null when a server answers at its address, else why not. */
type Ask = <Name extends ServiceName>(name: Name, endpoint: Endpoints[Name]) => Promise<Error | null>;

/** @throws StackError also for servers that are healthy, and do not answer where they are published. */
export async function startContainers(
  names: readonly ServiceName[],
  context: NativeContext,
  recorderOf: (name: ServiceName) => Recorder,
  ask: Ask = (name, endpoint) => probeFor(ANSWER_MS, name, endpoint),
): Promise<Partial<Endpoints>> {
  const { options, reporter } = context;
  const ports = new Map<ServiceName, Ports>();
  const running = names.some((name) => recorderOf(name).read()?.container === true) ? await runningNow(context) : [];
  for (const name of names) ports.set(name, await portsFor(name, running, recorderOf(name)));
  const endpoints = Object.fromEntries(
    Array.from(ports, ([name, of]) => [name, endpointOf(name, of, options)]),
  ) as Partial<Endpoints>;

  const variables = Object.assign(
    {},
    ...Array.from(ports, ([name, of]) => variablesOf(name, of, options)),
  ) as Variables;
  const isNew = names.every((name) => recorderOf(name).read() === undefined);
  try {
    await composeUp(names, variables, context, () => {
      for (const [name, of] of ports) recorderOf(name).write({ ports: of, container: true });
    });
  } catch (error) {
    // A first start that failed, for example at the registry, leaves nothing. The next one may choose native servers.
    if (isNew && (await runningNow(context))?.length === 0) for (const name of names) recorderOf(name).forget();
    throw error;
  }
  for (const name of names) await assertAnswers(name, endpoints[name], ask);
  if (endpoints.postgres) await ensureDatabase(endpoints.postgres);
  for (const name of names) reporter.report(name, 'ready', 'its container is healthy');
  return endpoints;
}

/** Returns the services of the project with a running container; null where the engine does not say. */
async function runningNow({ options, run }: NativeContext): Promise<readonly string[] | null> {
  const { code, output } = await run('docker', runningArgs(composeProject(options.stateDir)), { timeoutMs: 10_000 });
  return code === 0 ? output.split('\n').filter((line) => line !== '') : null;
}

/** @param running the services with a running container; null where nobody knows. */
function portsFor(name: ServiceName, running: readonly string[] | null, recorder: Recorder): Ports | Promise<Ports> {
  const before = recorder.read();
  // The port of a service's own container is not free. It is not to be chosen anew either, however slowly the server
  // answers, or the container would be made anew.
  if (before?.container === true && running?.includes(name) !== false) return before.ports;
  return choosePorts(composePorts(name), before?.ports);
}

/** A server may be healthy in its container, and published elsewhere or on another machine. @throws StackError */
async function assertAnswers<Name extends ServiceName>(
  name: Name,
  endpoint: Endpoints[Name] | undefined,
  ask: Ask,
): Promise<void> {
  const problem = endpoint === undefined ? null : await ask(name, endpoint);
  if (endpoint === undefined || problem === null) return;
  throw new StackError(
    `The container of ${name} is healthy, and ${name} does not answer at ${hostOf(endpoint)}: ${messageOf(problem)}. ` +
      'An engine on another machine (DOCKER_HOST, docker context) publishes its ports there. ' +
      'With BRIDGE_STACK_MODE=native the servers run without containers.',
  );
}

async function composeUp(
  names: readonly ServiceName[],
  variables: Variables,
  { options, run, reporter }: NativeContext,
  onStart: () => void,
): Promise<void> {
  const project = composeProject(options.stateDir);
  mkdirSync(dirname(project.envFile), { recursive: true });
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(project.envFile, lines.join(''));
  onStart();
  const message = 'starting containers; the images are fetched once';
  const { code, output } = await reporter.during('stack', 'starting', message, (say) =>
    // A variable of the shell would outrank the file.
    run('docker', upArgs(project, names), { env: variables, onLine: (line) => say(line.trim()) }),
  );
  if (code === 0) return;
  const logs = await run('docker', logsArgs(project, names), { timeoutMs: 10_000 });
  throw new StackError(
    `docker compose up failed:\n${output.split('\n').slice(-15).join('\n')}\n${logs.output}\n` +
      'With BRIDGE_STACK_MODE=native the servers run without containers.',
  );
}
