import { Command } from 'commander';
import type { Logger } from 'pino';
import type { Config } from '../../config.js';
import { startRecovery } from '../../temporal/start-recovery.js';
import { until } from '../../flow-control/until.js';
import { type RunningWorker, startWorker } from '../../worker/run.js';
import { withTemporal } from '../connect.js';
import { contextOf, endpointsOf } from '../context.js';
import { EXIT } from '../errors.js';
import { processRegistry } from '../../worker/process-metrics.js';

export const workerCommand = (): Command =>
  new Command('worker')
    .description('run a worker until SIGINT or SIGTERM; /health, /ready and /metrics on PORT (default 8080)')
    .option(
      '--recover-on-start',
      'give the reducers their FSM states back; once a deployment, however many workers start',
    )
    .option('--intake', 'take INTENT_EMITTED events to Temporal as well')
    .action(async ({ recoverOnStart, intake }: { recoverOnStart?: boolean; intake?: boolean }, command: Command) => {
      const { config, logger, out } = contextOf(command);
      const endpoints = await endpointsOf(config);
      // The handlers come first: as process 1 of a container, a signal without a handler is ignored.
      const running: { worker?: RunningWorker } = {};
      const stop = (signal: NodeJS.Signals): void => {
        logger.info({ signal }, 'shutting down');
        // A worker that has not started has taken nothing yet.
        if (running.worker === undefined) process.exit(EXIT.ok);
        // `stopped` below reports a failure of the shutdown.
        void running.worker.shutdown().catch(() => undefined);
      };
      process.once('SIGINT', stop).once('SIGTERM', stop);
      const worker = await startWorker({
        config,
        logger,
        endpoints,
        intake: intake === true,
        registry: await processRegistry(),
      });
      out.record({ task_queue: config.TEMPORAL_TASK_QUEUE, port: worker.httpPort });
      running.worker = worker;
      if (recoverOnStart === true) await recover(config, logger);
      await worker.stopped;
      process.off('SIGINT', stop).off('SIGTERM', stop);
      logger.info('worker stopped');
    });

/** Milliseconds to reach Temporal for the recovery; the worker itself serves meanwhile. */
const START_MS = 60_000;

async function recover(config: Config, logger: Logger): Promise<void> {
  try {
    const { workflowId, started } = await until(START_MS, () =>
      withTemporal(config, ({ temporal }) =>
        startRecovery(temporal, config.TEMPORAL_TASK_QUEUE, config.DEPLOYMENT_ID, logger),
      ),
    );
    logger.info({ workflow_id: workflowId }, started ? 'recovery started' : 'this deployment has had its recovery');
  } catch (error) {
    logger.error(
      { err: error },
      'the recovery could not be started; "temporal workflow start" or a restart makes up for it',
    );
  }
}
