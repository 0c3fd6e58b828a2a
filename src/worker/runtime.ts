/**
 * This module sets up Temporal's native runtime, once per process. The runtime's metrics go to a port of their own on
 * loopback, from where /metrics reads them. Its logs go into ours.
 */
import { DefaultLogger, type LogLevel, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import getPort from 'get-port';
import type { Logger } from 'pino';

export interface TemporalRuntime {
  /** Returns the SDK's own metrics as Prometheus text. */
  metrics(): Promise<string>;
}

let installed: Promise<TemporalRuntime> | undefined;

export const installRuntime = (logger: Logger): Promise<TemporalRuntime> => (installed ??= install(logger));

async function install(logger: Logger): Promise<TemporalRuntime> {
  const bindAddress = `127.0.0.1:${await getPort()}`;
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
      const response = await fetch(`http://${bindAddress}/metrics`);
      return response.text();
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
