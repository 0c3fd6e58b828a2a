/**
 * This module runs Temporal's own command line. An operator, or an orchestrator in any other language, would start an
 * execution with it.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fetchTemporal } from '../../src/stack/native/temporal/service.js';
import { runCommand } from '../../src/stack/process/run.js';
import { createReporter } from '../../src/stack/progress.js';
import type { Environment } from './environment.js';

/** @returns what it printed. @throws when it exits with an error. */
export async function temporalCli({ config, endpoints }: Environment, ...args: string[]): Promise<string> {
  const cli = await fetchTemporal(config.BRIDGE_CACHE_DIR, { run: runCommand, reporter: createReporter(undefined) });
  const { address, namespace } = endpoints.temporal;
  const { stdout } = await promisify(execFile)(cli, [...args, '--address', address, '--namespace', namespace]);
  return stdout;
}
