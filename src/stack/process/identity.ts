/**
 * This module finds out which process a recorded pid means. Pids are reused, above all soon after a restart of the
 * machine. So a pid is only trusted together with the time its process started.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { platform } from 'node:os';

export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque start time; equal only for the same process. */
  readonly started: string;
}

/** @returns null when there is no such process, or only a zombie of it. */
export function identify(pid: number): ProcessIdentity | null {
  const started = platform() === 'linux' ? startedOnLinux(pid) : startedElsewhere(pid);
  return started === null ? null : { pid, started };
}

/** Returns whether the recorded process itself is there, not another one that got its pid. */
export const isAlive = (recorded: ProcessIdentity): boolean => identify(recorded.pid)?.started === recorded.started;

/** Sends `signal` to the recorded process, and to no other. @returns false when it is gone. */
export function signalProcess(recorded: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(recorded)) return false;
  try {
    return process.kill(recorded.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

function startedOnLinux(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold anything. The third is the state. The 22nd is
    // the start in clock ticks since boot, which means something only together with the boot.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state] = fields;
    // A process whose main thread is dead still counts while its other threads end, as they hold the ports. The 20th
    // field is the number of threads.
    if ((state === 'Z' || state === 'X') && Number(fields[17]) <= 1) return null;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${fields[19]}`;
  } catch {
    return null;
  }
}

function startedElsewhere(pid: number): string | null {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim();
    const [state = '', ...started] = line.split(/\s+/);
    return line === '' || state.startsWith('Z') ? null : started.join(' ');
  } catch {
    return null;
  }
}
