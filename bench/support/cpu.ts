/**
 * This module reads the CPU seconds of the local servers from Linux's /proc. They are what a list costs the servers,
 * which its latency does not say.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { stackOptions } from '../../src/cli/context.js';
import { loadConfig } from '../../src/config.js';
import { readState } from '../../src/stack/state.js';

/** Clock ticks a second on every Linux that Node runs on. */
const TICKS = 100;

/** Reads CPU seconds so far by server; empty for servers that are not local processes, and where there is no /proc. */
export function serverCpu(): Record<string, number> {
  const processes = readProcesses();
  const services = Object.entries(readState(stackOptions(loadConfig()).stateDir).services);
  return Object.fromEntries(
    services.flatMap(([name, service]) => {
      const pid = service?.process?.pid;
      return pid !== undefined && processes.has(pid) ? [[name, cpuOf(processes, pid)]] : [];
    }),
  );
}

/** Reads the CPU seconds so far of processes, without those of their children. */
export function processCpu(pids: readonly number[]): number {
  const processes = readProcesses();
  return pids.reduce((sum, pid) => sum + (processes.get(pid)?.seconds ?? 0), 0);
}

type Processes = ReadonlyMap<number, { readonly parent: number; readonly seconds: number }>;

/** Returns the CPU seconds of a process and of all below it. */
const cpuOf = (processes: Processes, pid: number): number =>
  [...processes].reduce(
    (sum, [child, { parent }]) => (parent === pid ? sum + cpuOf(processes, child) : sum),
    processes.get(pid)?.seconds ?? 0,
  );

/** Reads every process, with the CPU time of its own and of its children that have ended. */
function readProcesses(): Processes {
  const found = new Map<number, { parent: number; seconds: number }>();
  if (process.platform !== 'linux') return found;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      // The process's name stands in brackets, and may hold spaces.
      const fields = (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1) ?? '').split(' ').map(Number);
      const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0);
      found.set(Number(pid), { parent: fields[1] ?? 0, seconds: ticks / TICKS });
    } catch {
      // The process has ended meanwhile.
    }
  }
  return found;
}
