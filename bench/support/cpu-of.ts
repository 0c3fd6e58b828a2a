/** This module measures the CPU seconds that work costs each process: the callers', the worker and the servers. */
import type { BenchWorker } from '../processes/child.js';
import { serverCpu } from './cpu.js';

/** CPU seconds by process. */
export type Cpu = Readonly<Record<string, number>>;

/** Measures the CPU seconds of each process while something runs, warm-up included. */
export async function measureCpu<T>(
  worker: BenchWorker,
  work: () => Promise<T>,
): Promise<{ value: T; cpu: Cpu; seconds: number }> {
  const read = async (): Promise<Cpu> => {
    const { user, system } = process.cpuUsage();
    const { cpuSeconds } = await worker.usage();
    return { client: (user + system) / 1e6, worker: cpuSeconds, ...serverCpu() };
  };
  const [before, started] = [await read(), performance.now()];
  const value = await work();
  const [after, seconds] = [await read(), (performance.now() - started) / 1_000];
  const cpu = Object.fromEntries(Object.entries(after).map(([name, all]) => [name, all - (before[name] ?? 0)]));
  return { value, cpu, seconds };
}

export const perUnit = (cpu: Cpu, units: number, factor: number): Cpu =>
  Object.fromEntries(Object.entries(cpu).map(([name, seconds]) => [name, (seconds / units) * factor]));

export const showCpu = (cpu: Cpu): string =>
  Object.entries(cpu)
    .map(([name, value]) => `${name} ${value.toFixed(1)}`)
    .join(', ');
