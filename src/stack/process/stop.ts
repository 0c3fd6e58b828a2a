/** This module ends a server that `up` started. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, signalProcess, type ProcessIdentity } from './identity.js';

const POLL_MS = 50;

/**
 * Sends `signal`, and SIGKILL when the process is still there after `graceMs`.
 * @returns false when the recorded process was not running.
 */
export async function stopProcess(
  recorded: ProcessIdentity,
  signal: NodeJS.Signals,
  graceMs = 15_000,
): Promise<boolean> {
  if (!signalProcess(recorded, signal)) return false;
  if (!(await isGone(recorded, graceMs))) {
    signalProcess(recorded, 'SIGKILL');
    await isGone(recorded, graceMs);
  }
  return true;
}

async function isGone(recorded: ProcessIdentity, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    if (!isAlive(recorded)) return true;
    await sleep(POLL_MS);
  }
  return !isAlive(recorded);
}
