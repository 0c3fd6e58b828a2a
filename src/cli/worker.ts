import { Command } from 'commander';
import { startWorker } from '../worker/run.js';
import { contextOf, endpointsOf, workerEndpoints } from './context.js';

export const workerCommand = (): Command =>
  new Command('worker')
    .description('run a worker until SIGINT or SIGTERM; /health, /ready and /metrics on PORT (default 8080)')
    .action(async (_options: unknown, command: Command) => {
      const { config, logger, out } = contextOf(command);
      const worker = await startWorker({ config, logger, endpoints: workerEndpoints(await endpointsOf(config)) });
      out.record({ task_queue: config.TEMPORAL_TASK_QUEUE, port: worker.httpPort });
      const stop = (signal: NodeJS.Signals): void => {
        logger.info({ signal }, 'shutting down');
        // `stopped` below reports a failure of the shutdown.
        void worker.shutdown().catch(() => undefined);
      };
      process.once('SIGINT', stop).once('SIGTERM', stop);
      await worker.stopped;
      process.off('SIGINT', stop).off('SIGTERM', stop);
      logger.info('worker stopped');
    });
