/** This module answers readiness probes: whether a store answers, and what it says of itself. */
import pTimeout from 'p-timeout';
import type { Check } from './http.js';

/** Milliseconds a store has to answer a readiness probe, or a reading of the metrics. */
export const PROBE_MS = 3_000;

/** Turns a readiness probe into a check. A probe that fails or is late is a check that is not ok, with the reason. */
export async function checked(probe: () => Promise<string>): Promise<Check> {
  try {
    const detail = await pTimeout(probe(), { milliseconds: PROBE_MS, message: `no answer within ${PROBE_MS} ms` });
    return { ok: true, detail };
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Makes a probe that those share who ask while it is under way. A store that does not answer is then asked by one probe
 * at a time, however often the platform asks: each would keep a connection.
 */
export function shared<T>(probe: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => (asked ??= probe().finally(() => (asked = undefined)));
}
