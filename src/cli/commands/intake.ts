import { Command } from 'commander';
import { type RunningIntake, runIntake } from '../../intake/run.js';
import { type Readiness, serveHttp } from '../../worker/http.js';
import { contextOf, endpointsOf } from '../context.js';
import { processRegistry } from '../../worker/process-metrics.js';

/** An intake takes work from its start on. Being in the group takes a broker, and so is a dependency. */
const readinessOf = (intake: RunningIntake | undefined): Readiness => ({
  process: { process: { ok: intake !== undefined, detail: intake === undefined ? 'starting' : 'RUNNING' } },
  dependencies: intake === undefined ? {} : { intake: intake.check() },
});

export const intakeCommand = (): Command =>
  new Command('intake')
    .description('take INTENT_EMITTED events to Temporal until SIGINT or SIGTERM; /health, /ready and /metrics on PORT')
    .action(async (_options: object, command: Command) => {
      const { config, logger, out } = contextOf(command);
      // The handlers come first, as in `bridge worker`.
      const signalled = new Promise<NodeJS.Signals>((resolve) => {
        process.once('SIGINT', resolve).once('SIGTERM', resolve);
      });
      const endpoints = await endpointsOf(config, 'temporal', 'kafka');
      const registry = await processRegistry();
      const current: { intake?: RunningIntake } = {};
      // The HTTP server starts first: a port number that is taken must be found while there is no group member yet. A
      // member would keep the process from ending.
      const http = await serveHttp(config, {
        health: () => ({ ok: true, detail: 'intake' }),
        ready: () => Promise.resolve(readinessOf(current.intake)),
        metrics: () => registry.metrics(),
      });
      const intake = await runIntake({ config, endpoints, logger, registry });
      current.intake = intake;
      out.record({ task_queue: config.TEMPORAL_TASK_QUEUE, port: http.port });
      const signal = await signalled;
      logger.info({ signal }, 'shutting down');
      await intake.stop(config.SHUTDOWN_GRACE_SECONDS * 1_000);
      await http.close();
      logger.info('intake stopped');
    });
