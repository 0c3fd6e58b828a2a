/** This module starts lists in an installation, and reads what became of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { IntentsReport } from '../../../src/client/index.js';
import { topicOf } from '../../../src/domain/events/event-types.js';
import { createKafka } from '../../../src/kafka/client.js';
import { createLogger } from '../../../src/log.js';
import { CHAOS_EVENTS } from './audit.js';
import type { Installation } from './installation.js';
import { type List, makeLists } from './lists.js';

/** Milliseconds a list may take: the longest fault, and the retries after it. */
const PATIENCE_MS = 300_000;

/**
 * Executes lists before the tests. A worker that has just started has yet to ask the broker where its topics are. It
 * would be stopped there, not at its publish.
 */
export async function warmUp(installation: Installation): Promise<void> {
  const { lists } = makeLists();
  await start(installation, lists);
  await Promise.all(lists.map(({ requestId }) => reportOf(installation, requestId)));
}

/** @param share whether the lists share executions, as far as they do when they are started in one turn. */
export const start = (
  installation: Installation,
  lists: readonly List[],
  share: 'auto' | 'never' = 'never',
): Promise<unknown> =>
  Promise.all(
    lists.map(({ requestId, intents }) => installation.environment.client.start(intents, { requestId, share })),
  );

/** Asks for a report until Temporal answers, because Temporal itself may be unavailable. */
export async function reportOf(
  { environment }: Installation,
  requestId: string,
  patienceMs = PATIENCE_MS,
): Promise<IntentsReport> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      return await environment.client.result(requestId);
    } catch (error) {
      if (Date.now() > deadline || !/UNAVAILABLE|unreachable|get workflow/i.test(String(error))) throw error;
      await sleep(1_000);
    }
  }
}

export const errorsOf = (report: IntentsReport): string =>
  [...new Set(report.results.map(({ error }) => error))].join('; ');

/** Returns the attempts of the activity that took most of them in the execution of a list. */
export async function mostAttempts({ environment }: Installation, requestId: string): Promise<number> {
  const { workflow_id } = await environment.client.result(requestId);
  const { events } = await environment.temporal.workflow.getHandle(workflow_id).fetchHistory();
  return Math.max(
    0,
    ...(events ?? []).flatMap(({ activityTaskStartedEventAttributes: started }) => started?.attempt ?? []),
  );
}

/** Returns the number of records on the installation's topics. It asks the broker past the proxy. */
export async function stored({ environment }: Installation): Promise<number> {
  const brokers = environment.endpoints.kafka.brokers;
  const settings = { brokers, clientId: 'chaos', requestTimeoutMs: 10_000, retries: 3, retryBackoffMs: 100 };
  const admin = createKafka(settings, createLogger('silent')).admin();
  await admin.connect();
  try {
    const topics = CHAOS_EVENTS.map((type) => topicOf(environment.config.KAFKA_TOPIC_PREFIX, type));
    const offsets = await Promise.all(topics.map((topic) => admin.fetchTopicOffsets(topic)));
    return offsets.flat().reduce((sum, { high }) => sum + Number(high), 0);
  } finally {
    await admin.disconnect();
  }
}
