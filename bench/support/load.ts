/** This module makes load with callers that each wait for their answer before they ask again. */

export interface LoadResult {
  readonly calls: number;
  readonly seconds: number;
  readonly callsPerSecond: number;
  /** The median time of a call, in milliseconds like the other percentiles. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/**
 * @param calls that are measured.
 * @param warmup calls that are made before the clock starts.
 */
export async function load(
  callers: number,
  calls: number,
  call: () => Promise<unknown>,
  warmup = callers * 4,
): Promise<LoadResult> {
  await run(callers, warmup, call);
  const started = performance.now();
  const times = await run(callers, calls, call);
  const seconds = (performance.now() - started) / 1_000;
  return { calls, seconds, callsPerSecond: calls / seconds, ...percentiles(times) };
}

async function run(callers: number, calls: number, call: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  let left = calls;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const started = performance.now();
      await call();
      times.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return times;
}

export function percentiles(times: readonly number[]): { p50: number; p95: number; p99: number } {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

/** Returns the median of the repeats of one measurement, by calls a second. */
export function median(results: readonly LoadResult[]): LoadResult {
  const sorted = [...results].sort((a, b) => a.callsPerSecond - b.callsPerSecond);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('nothing was measured');
  return middle;
}
