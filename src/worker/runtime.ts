/**
 * This module sets up Temporal's native runtime, once per process. The runtime's metrics go to a port of their own on
 * loopback, from where /metrics reads them. Its logs go into ours.
 */
import { DefaultLogger, type LogLevel, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { randomInt } from 'node:crypto';
import getPort, { portNumbers } from 'get-port';
import type { Logger } from 'pino';

export interface TemporalRuntime {
  /** Returns the SDK's own metrics as Prometheus text. */
  metrics(): Promise<string>;
}

/**
 * Port numbers for the SDK's metrics. They are below those that systems give to connections (32,768 and up): one of
 * these may be taken between the choice and the use.
 */
const FIRST_PORT = 10_000;
const LAST_PORT = 30_000;
/** The number of ports that are tried. */
const PORTS = 100;

let installed: Promise<TemporalRuntime> | undefined;

export const installRuntime = (logger: Logger): Promise<TemporalRuntime> => (installed ??= install(logger));

async function install(logger: Logger): Promise<TemporalRuntime> {
  const from = randomInt(FIRST_PORT, LAST_PORT);
  const bindAddress = `127.0.0.1:${await getPort({ port: portNumbers(from, from + PORTS) })}`;
  const log = logger.child({ component: 'temporal' });
  Runtime.install({
    // Signals are handled by `bridge worker`, which has more to shut down than the worker.
    shutdownSignals: [],
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => {
      // A task token is a few hundred characters of no use to a reader.
      const { taskToken: _, ...fields } = meta ?? {};
      // The SDK logs every state change of a worker at INFO; an operator's log is for what happens to intents.
      log[LEVELS[level] ?? 'info'](fields, message);
    }),
    telemetryOptions: {
      // The names and units that Prometheus wants: counters end in `_total`, and durations are seconds.
      metrics: {
        prometheus: { bindAddress, countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true },
      },
      logging: { filter: makeTelemetryFilterString({ core: 'WARN' }), forward: {} },
    },
  });
  return {
    async metrics() {
      try {
        const response = await fetch(`http://${bindAddress}/metrics`);
        return await response.text();
      } catch (error) {
        // Ours are not to be lost with them.
        const reason = error instanceof Error ? error.message : String(error);
        return `# the metrics of Temporal's SDK cannot be read: ${reason}\n`;
      }
    },
  };
}

const LEVELS: Partial<Record<LogLevel, 'trace' | 'debug' | 'warn' | 'error'>> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'debug',
  WARN: 'warn',
  ERROR: 'error',
};
