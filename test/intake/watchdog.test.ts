/**
 * In this test a broker keeps its connections and says nothing. The consumer is built anew, and lists that were emitted
 * meanwhile arrive.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { Kafka, logLevel } from 'kafkajs';
import { Registry } from 'prom-client';
import { Intake } from '../../src/intake/intake.js';
import { createIntakeMetrics } from '../../src/intake/metrics.js';
import { createLogger } from '../../src/log.js';
import { until } from '../../src/flow-control/until.js';
import { loadConfig } from '../../src/config.js';
import { persistState } from '../support/intents.js';
import { newTopic } from '../support/run.js';
import { makeTopics } from '../support/topics.js';

/** Milliseconds without a sign of life until the consumer is built anew. Its own time-out for a request is 30 s. */
const STALL_MS = 4_000;

/** Makes connections that stay open while nothing of the broker arrives. */
function silenced() {
  const sockets = new Set<Socket>();
  let silent = false;
  return {
    connect: ({ host, port, onConnect }: { host: string; port: number; onConnect: () => void }): Socket => {
      const socket = connect(port, host, onConnect);
      sockets.add(socket.on('close', () => sockets.delete(socket)));
      return silent ? socket.pause() : socket;
    },
    pause() {
      silent = true;
      for (const socket of sockets) socket.pause();
    },
    resume() {
      silent = false;
      for (const socket of sockets) socket.resume();
    },
  };
}

describe('intake: watchdog', function () {
  this.timeout(120_000);
  it('builds a consumer that stands still anew, and loses nothing', async () => {
    const topic = newTopic();
    const settings = { brokers: loadConfig().KAFKA_BOOTSTRAP_SERVERS ?? [], logLevel: logLevel.NOTHING };
    const broker = silenced();
    const kafka = new Kafka(settings);
    const admin = kafka.admin();
    await admin.connect();
    await makeTopics(admin, [{ topic, numPartitions: 1 }]);
    await admin.disconnect();
    const producer = kafka.producer();
    await producer.connect();
    const emit = async (event_id: string): Promise<void> => {
      const payload = { intents: [persistState()] };
      const envelope = {
        envelope_version: '1.0',
        event_id,
        event_type: 'INTENT_EMITTED',
        correlation_id: null,
        payload,
      };
      await producer.send({ topic, messages: [{ partition: 0, value: JSON.stringify(envelope) }] });
    };
    const arrived: string[] = [];
    const emittedAt: number[] = [];
    const registry = new Registry();
    const intake = new Intake({
      kafka: new Kafka({ ...settings, requestTimeout: 30_000, socketFactory: broker.connect }),
      topic,
      groupId: topic,
      maxSlices: 1,
      stallMs: STALL_MS,
      runner: {
        start: (_partition, lists) => {
          arrived.push(...lists.map(({ event_id }) => event_id));
          emittedAt.push(...lists.map(({ emitted_at = '' }) => Date.parse(emitted_at)));
          return Promise.resolve('run');
        },
        ended: () => Promise.resolve({ completed: true, invalid: [] }),
      },
      publisher: { publish: (messages) => Promise.resolve(messages.map(() => ({ sent: true }))) },
      dlqSuffix: '.dlq',
      isRefused: () => false,
      mayStart: () => ({ ok: true, retryAfterMs: 0 }),
      metrics: createIntakeMetrics(registry),
      logger: createLogger('silent'),
    });
    try {
      const ids = Array.from({ length: 3 }, (): string => randomUUID());
      await emit(ids[0]!);
      await until(30_000, () => {
        assert.deepEqual(arrived, ids.slice(0, 1));
        return Promise.resolve();
      });
      const rebuilds = async () =>
        Number(/^intake_consumer_rebuilds_total (\d+)$/m.exec(await registry.metrics())?.[1]);
      // A broker that has just made the topic may refuse the first fetch.
      const before = await rebuilds();
      broker.pause();
      try {
        await until(30_000, async () => {
          assert.ok((await rebuilds()) > before);
        });
        assert.equal(intake.check().ok, false);
        await emit(ids[1]!);
      } finally {
        broker.resume();
      }
      await emit(ids[2]!);
      // Messages that were read before and not committed may come again, under the same event ids.
      await until(90_000, () => {
        assert.deepEqual([...new Set(arrived)], ids);
        return Promise.resolve();
      });
      assert.equal(intake.check().ok, true);
      // The time of emission is the message's. It says when an envelope is too old.
      assert.ok(emittedAt.every((at) => Math.abs(Date.now() - at) < 300_000));
    } finally {
      await intake.stop(5_000);
      await producer.disconnect();
    }
  });
});
