/** Real requests to real servers: a port that is merely open proves nothing. */
import type { ServiceName, StackEndpoints } from '../types.js';

/** One request may take this long. */
const TIMEOUT_MS = 1_500;

/** Loaded on use: the clients take some 400 ms to load, and a stack of given addresses may need none of them. */
const PROBES: { readonly [Name in ServiceName]: (endpoint: StackEndpoints[Name], timeoutMs: number) => Promise<void> } =
  {
    temporal: async ({ address }, timeoutMs) => (await import('./temporal.js')).probeTemporal(address, timeoutMs),
    postgres: async ({ url }, timeoutMs) => (await import('./postgres.js')).probePostgres(url, timeoutMs),
    kafka: async ({ brokers }, timeoutMs) => (await import('./kafka.js')).probeKafka(brokers, timeoutMs),
  };

/** @returns null when the service answers, else why not. */
export async function probe<Name extends ServiceName>(
  name: Name,
  endpoint: StackEndpoints[Name],
  timeoutMs = TIMEOUT_MS,
): Promise<Error | null> {
  try {
    await PROBES[name](endpoint, timeoutMs);
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
