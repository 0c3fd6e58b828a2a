/** These probes are real requests to real servers: a port that is merely open proves nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceName } from '../types.js';
import type { Endpoints } from '../../endpoints.js';

/** Milliseconds that one request may take: on two busy cores a server that was there took over 1,500. */
const TIMEOUT_MS = 5_000;

type Probe<Name extends ServiceName> = (endpoint: Endpoints[Name], timeoutMs: number) => Promise<void>;

/**
 * The probes are loaded on use: the clients take some 400 ms to load, and a stack of given addresses may need none of
 * them.
 */
const PROBES: { readonly [Name in ServiceName]: () => Promise<Probe<Name>> } = {
  temporal: async () => (await import('./temporal.js')).probeTemporal,
  postgres: async () => (await import('./postgres.js')).probePostgres,
  kafka: async () => (await import('./kafka.js')).probeKafka,
};

/**
 * Loads the clients before probes run side by side. Otherwise the load of one client uses up another probe's time on a
 * busy machine.
 */
export async function loadProbes(names: readonly ServiceName[]): Promise<void> {
  await Promise.all(names.map((name) => PROBES[name]()));
}

/** @returns null when the service answers, else why not. */
export async function probe<Name extends ServiceName>(
  name: Name,
  endpoint: Endpoints[Name],
  timeoutMs = TIMEOUT_MS,
): Promise<Error | null> {
  try {
    const ask = await PROBES[name]();
    await ask(endpoint, timeoutMs);
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

const POLL_MS = 250;

/** Probes again and again. @returns null when the service answers within `milliseconds`, else why it did not last. */
export async function probeFor<Name extends ServiceName>(
  milliseconds: number,
  name: Name,
  endpoint: Endpoints[Name],
): Promise<Error | null> {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    const failure = await probe(name, endpoint);
    if (failure === null || performance.now() > deadline) return failure;
    await sleep(POLL_MS);
  }
}
