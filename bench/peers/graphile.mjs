/**
 * graphile-worker is a job queue in PostgreSQL. A list is a job, and one that fails is run again from its
 * beginning. The caller hears of its end by an event of the worker.
 */
import { Logger, run } from 'graphile-worker';
import { CONNECTIONS, openPlainStores } from '../support/plain-stores.ts';

export async function open(env) {
  const stores = await openPlainStores(env);
  const waiting = new Map();
  const runner = await run({
    preset: {
      worker: {
        connectionString: env.DATABASE_URL,
        maxPoolSize: CONNECTIONS,
        // These are the documentation's for throughput.
        concurrentJobs: CONNECTIONS - 1,
        localQueue: { size: 500 },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      },
    },
    noHandleSignals: true,
    logger: new Logger(() => () => undefined),
    taskList: {
      async execute({ intents }) {
        await stores.persist(intents.filter(({ intent_type }) => intent_type !== 'PublishEvent'));
        await stores.publish(intents);
      },
    },
  });
  runner.events.on('job:complete', ({ job, error }) => {
    const { request_id } = job.payload;
    const { resolve, reject } = waiting.get(request_id);
    waiting.delete(request_id);
    if (error) reject(error);
    else resolve();
  });
  return {
    async run(request_id, intents) {
      const ended = new Promise((resolve, reject) => waiting.set(request_id, { resolve, reject }));
      await runner.addJob('execute', { request_id, intents }, { jobKey: request_id });
      await ended;
    },
    async close() {
      await runner.stop();
      await stores.close();
    },
  };
}
