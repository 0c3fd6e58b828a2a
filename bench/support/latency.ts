/** This module measures how long lists take from their emission until a consumer has their INTENT_RESULT. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { endpointsOf } from '../../src/cli/context.js';
import type { Intent } from '../../src/client/index.js';
import type { ListEmitter } from '../../src/client/list-emitter.js';
import { loadConfig } from '../../src/config.js';
import { topicOf } from '../../src/domain/events/event-types.js';
import { createKafka } from '../../src/kafka/client.js';
import { kafkaSettings } from '../../src/kafka/settings.js';
import { createLogger } from '../../src/log.js';
import type { Installation } from './installation.js';

export interface Rate {
  readonly listsPerSecond: number;
  readonly seconds: number;
  readonly list: () => Intent[];
}

/** Emits lists at a rate. @returns the milliseconds of each; `Infinity` for one without a result after 30 s. */
export async function latencies(
  { env }: Pick<Installation, 'env'>,
  emitter: ListEmitter,
  { listsPerSecond, seconds, list }: Rate,
): Promise<number[]> {
  const config = loadConfig(env);
  const server = (await endpointsOf(config)).kafka;
  const kafka = createKafka(kafkaSettings(config, server), createLogger('silent'));
  const consumer = kafka.consumer({ groupId: `bench-${randomUUID()}`, maxWaitTimeInMs: 50 });
  const arrived = new Map<string, number>();
  await consumer.connect();
  await consumer.subscribe({ topics: [topicOf(config.KAFKA_TOPIC_PREFIX, 'INTENT_RESULT')], fromBeginning: false });
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.run({
    eachMessage: ({ message }) => {
      const { causation_id } = JSON.parse(String(message.value)) as { causation_id: string };
      arrived.set(causation_id, performance.now());
      return Promise.resolve();
    },
  });
  await joined;
  await sleep(1_000);
  const sent = new Map<string, number>();
  const emitting: Promise<void>[] = [];
  for (let n = 0; n < listsPerSecond * seconds; n += 1) {
    const started = performance.now();
    emitting.push(
      emitter.emit([{ intents: list() }]).then((emitted) => {
        for (const { eventId } of emitted) sent.set(eventId, started);
      }),
    );
    await sleep(1_000 / listsPerSecond);
  }
  await Promise.all(emitting);
  const isMissing = () => [...sent.keys()].some((id) => !arrived.has(id));
  for (const end = Date.now() + 30_000; isMissing() && Date.now() < end;) await sleep(50);
  await consumer.disconnect();
  return [...sent].map(([id, started]) => (arrived.get(id) ?? Infinity) - started);
}
