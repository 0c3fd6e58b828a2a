/** This module finds out how the stack is doing, by asking each server. */
import { composeProject, runningArgs } from './compose/command.js';
import { endpointOf } from './endpoints.js';
import { loadProbes, probe } from './probes/index.js';
import { isAlive } from './process/identity.js';
import { runCommand } from './process/run.js';
import { readState, type ServiceRecord } from './state.js';
import { SERVICE_NAMES, type ServiceName, type ServiceStatus, type StackOptions, type StackStatus } from './types.js';
import type { Endpoints, KnownEndpoints } from '../endpoints.js';

const ENGINE_MS = 5_000;

/**
 * Asks all services in parallel; it changes nothing and takes no lock. It takes 8 s at most where a service does not
 * answer.
 */
export async function stackStatus(options: StackOptions): Promise<StackStatus> {
  const state = readState(options.stateDir);
  const { given } = options;
  await loadProbes(SERVICE_NAMES.filter((name) => given[name] != null || state.services[name] !== undefined));
  const found = await Promise.all(
    SERVICE_NAMES.map(async (name) => {
      const record = state.services[name];
      const endpoint = given[name] ?? (record === undefined ? null : endpointOf(name, record.ports, options));
      const status =
        given[name] != null ? await ofGiven(name, given[name]) : await ofStarted(name, record, endpoint, options);
      return { name, endpoint, status };
    }),
  );
  return {
    mode: state.mode,
    endpoints: Object.fromEntries(found.map(({ name, endpoint }) => [name, endpoint])) as unknown as KnownEndpoints,
    services: Object.fromEntries(found.map(({ name, status }) => [name, status])) as StackStatus['services'],
  };
}

async function ofGiven(name: ServiceName, endpoint: Endpoints[ServiceName]): Promise<ServiceStatus> {
  const failure = await probe(name, endpoint);
  return failure === null ? { state: 'given' } : { state: 'unreachable', reason: failure.message };
}

async function ofStarted(
  name: ServiceName,
  record: ServiceRecord | undefined,
  endpoint: Endpoints[ServiceName] | null,
  options: StackOptions,
): Promise<ServiceStatus> {
  if (record === undefined || endpoint === null) return { state: 'stopped' };
  if (record.container === true) return ofContainer(name, endpoint, options);
  // A server that answers on the port of a dead process is not ours.
  if (record.process === undefined || !isAlive(record.process)) return { state: 'stopped' };
  const failure = await probe(name, endpoint);
  const { pid } = record.process;
  return failure === null ? { state: 'running', pid } : { state: 'unreachable', pid, reason: failure.message };
}

async function ofContainer(
  name: ServiceName,
  endpoint: Endpoints[ServiceName],
  options: StackOptions,
): Promise<ServiceStatus> {
  const { run = runCommand, stateDir } = options;
  const { code, output } = await run('docker', runningArgs(composeProject(stateDir)), { timeoutMs: ENGINE_MS });
  if (code !== 0) return { state: 'unreachable', reason: output };
  if (!output.split('\n').includes(name)) return { state: 'stopped' };
  const failure = await probe(name, endpoint);
  return failure === null ? { state: 'running' } : { state: 'unreachable', reason: failure.message };
}
