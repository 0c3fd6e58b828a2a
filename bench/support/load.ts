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

/** A timed load counts the calls that end within its window. */
export interface TimedLoad {
  /** Calls of the whole load: those before the window, and those that end behind it, are in it too. */
  readonly all: number;
  readonly callsPerSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p95: number;
}

export interface TimedLoadOptions {
  readonly callers: number;
  /** Milliseconds before the window. */
  readonly warmup: number;
  /** Milliseconds of the window. */
  readonly milliseconds: number;
}

/** Makes load for a time, which is the same for a slow way and for a fast one. */
export async function loadFor(
  { callers, warmup, milliseconds }: TimedLoadOptions,
  call: () => Promise<unknown>,
): Promise<TimedLoad> {
  const from = performance.now() + warmup;
  const until = from + milliseconds;
  const times: number[] = [];
  let all = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() < until) {
      const started = performance.now();
      await call();
      const ended = performance.now();
      all += 1;
      if (ended >= from && ended < until) times.push(ended - started);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const { p50, p95 } = percentiles(times);
  return { all, callsPerSecond: (times.length * 1_000) / milliseconds, p50, p95 };
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
