/** This module finds out whether there is a container engine that can run a compose file. */
import type { RunCommand } from '../process/run.js';

/** Milliseconds for a check: `docker info` hangs when the daemon's socket does. */
const CHECK_MS = 5_000;

export async function findEngine(run: RunCommand): Promise<boolean> {
  const checks = [['info'], ['compose', 'version']];
  const results = await Promise.all(checks.map((args) => run('docker', args, { timeoutMs: CHECK_MS })));
  return results.every(({ code }) => code === 0);
}
