/**
 * This module sets up Temporal's native runtime, of which a process has one. The runtime's metrics go to a port of
 * their own on loopback, from where /metrics reads them. Its logs go into ours.
 */
import { IllegalStateError } from '@temporalio/common';
import { DefaultLogger, type LogLevel, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import getPort from 'get-port';
import type { Logger } from 'pino';

export interface TemporalRuntime {
  /** Returns the SDK's own metrics as Prometheus text. */
  metrics(): Promise<string>;
}

let installed: TemporalRuntime | undefined;

/**
 * Installs the runtime, unless there is one. The SDK ends it with the last worker of the process. The next one has
 * another port, because the old port may not be free yet.
 */
export async function installRuntime(logger: Logger): Promise<TemporalRuntime> {
  const bindAddress = `127.0.0.1:${await getPort()}`;
  try {
    installed = install(logger, bindAddress);
  } catch (error) {
    if (installed === undefined || !(error instanceof IllegalStateError)) throw error;
  }
  return installed;
}

function install(logger: Logger, bindAddress: string): TemporalRuntime {
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
      // Names and units as Prometheus has them: `_total`, `_seconds`, and seconds.
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
