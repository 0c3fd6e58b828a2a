/**
 * In these tests a broker takes connections and says nothing. An attempt ends by the client's own time-outs, never by
 * Temporal's.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { topicOf } from '../../src/domain/events/event-types.js';
import type { OutboundMessage } from '../../src/domain/events/publisher.js';
import { createKafka } from '../../src/kafka/client.js';
import { createPublisher } from '../../src/kafka/publisher.js';
import { kafkaSettings } from '../../src/kafka/settings.js';
import { createLogger } from '../../src/log.js';
import { until } from '../../src/flow-control/until.js';
import { type RunningWorker, startWorker } from '../../src/worker/run.js';
import { readRecords } from '../support/records.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { publishEvent } from '../support/intents.js';
import { type OwnBroker, startOwnBroker } from '../support/own-broker.js';

const TYPE = 'AGGREGATION_STARTED';

describe('a silent broker', () => {
  let broker: OwnBroker | undefined;
  let environment: Environment | undefined;
  let worker: RunningWorker | undefined;
  before(async function () {
    this.timeout(120_000);
    broker = await startOwnBroker();
    // The topics are made with the usual time-out: only the worker of the tests waits for no more than a second.
    environment = await createEnvironment({
      env: { KAFKA_BOOTSTRAP_SERVERS: broker.address },
      worker: false,
      except: { contract: 'it publishes texts that are no envelopes' },
    });
    worker = await startWorker({
      config: { ...environment.config, KAFKA_TIMEOUT_SECONDS: 1 },
      logger: createLogger('silent'),
      endpoints: environment.workerEndpoints,
    });
  });
  after(async function () {
    this.timeout(60_000);
    // Each of these may be missing when `before` failed half-way. The broker is a process that would stay.
    try {
      await worker?.shutdown();
      await environment?.close();
    } finally {
      await broker?.remove();
    }
  });
  /** Returns what `before` has started. */
  const started = () => {
    assert.ok(broker !== undefined && environment !== undefined);
    return { broker, environment };
  };

  const failuresOf = async (workflowId: string) => {
    const { events } = await started().environment.temporal.workflow.getHandle(workflowId).fetchHistory();
    return (events ?? []).flatMap(({ activityTaskStartedEventAttributes: started }) => started?.lastFailure ?? []);
  };

  it('costs each attempt the request time-out, and the list says what happened', async function () {
    this.timeout(90_000);
    const { broker, environment } = started();
    broker.pause();
    try {
      const begun = Date.now();
      const report = await environment.client.executeIntents([publishEvent({ event_type: TYPE })]);
      assert.deepEqual(report.counts, { dead_lettered: 1 });
      // Three attempts take two seconds each and five for the connection, at most, with 3 s between them. One
      // START_TO_CLOSE is 90 s.
      assert.ok(Date.now() - begun < 60_000, `${Date.now() - begun} ms`);
      const failures = await failuresOf(report.workflow_id);
      assert.ok(failures.length > 0, 'no attempt failed');
      for (const { applicationFailureInfo, timeoutFailureInfo, message } of failures) {
        assert.deepEqual([applicationFailureInfo?.type, timeoutFailureInfo ?? null], ['unavailable', null]);
        assert.match(message ?? '', /^Kafka: .*(timed out|no answer within)/);
      }
    } finally {
      broker.resume();
    }
  });

  it('keeps no caller longer than the deadline, and what was given up in the queue is not sent later', async function () {
    this.timeout(120_000);
    const { broker, environment } = started();
    const topic = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'NODE_HEARTBEAT');
    const settings = kafkaSettings(environment.config, { brokers: [broker.address] });
    const publisher = createPublisher(createKafka({ ...settings, requestTimeoutMs: 20_000 }, createLogger('silent')), {
      deadlineMs: 1_000,
      maxEntries: 1,
    });
    const send = (value: string) => {
      const message: OutboundMessage = { topic, key: 'k', value, headers: { event_id: randomUUID() } };
      return publisher.publish([message]);
    };
    try {
      // The first message connects, which may take longer than the deadline.
      while ((await send('warm'))[0]?.sent !== true);
      broker.pause();
      // A thread of the broker that runs stops a moment after the signal. Before that it has answered the first
      // message.
      await sleep(500);
      const begun = performance.now();
      // Two messages are on their way, and the third waits for one of them.
      const outcomes = (await Promise.all([send('first'), send('second'), send('queued')])).flat();
      // The first two would take a request's 20 s without the deadline, and the third twice that.
      assert.ok(performance.now() - begun < 15_000, `${performance.now() - begun} ms`);
      for (const outcome of outcomes) {
        assert.ok(!outcome.sent);
        assert.equal(outcome.error.failureClass, 'unavailable');
        assert.match(outcome.error.message, /no answer within 1000 ms/);
      }
      broker.resume();
      while ((await send('last'))[0]?.sent !== true);
      // The topic is read again when the consumer has given up before it came to the end.
      const values = await until(30_000, async () => {
        const records = await readRecords(environment.endpoints.kafka, [topic]);
        const read = new Set(records.map(({ value }) => value));
        assert.ok(read.has('last'));
        return read;
      });
      assert.equal(values.has('queued'), false);
    } finally {
      broker.resume();
      await publisher.disconnect();
    }
  });
});
