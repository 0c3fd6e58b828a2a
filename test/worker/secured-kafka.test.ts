/** These tests run a worker, doctor and setup on a Kafka with TLS, a login and ACLs. */
import assert from 'node:assert/strict';
import { givenEndpoints } from '../../src/cli/context.js';
import { StoreEffectClient } from '../../src/client/index.js';
import { loadConfig } from '../../src/config.js';
import { topicOf } from '../../src/domain/events/event-types.js';
import type { Endpoints } from '../../src/endpoints.js';
import { type RunningWorker, startWorker } from '../../src/worker/run.js';
import { bridgeHere } from '../support/bridge-here.js';
import { readTopic } from '../support/console-consumer.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { publishEvent } from '../support/intents.js';
import { keptLog } from '../support/kept-log.js';
import { newTopic } from '../support/run.js';
import { type SecuredKafka, startSecuredKafka, USER } from '../support/secured-kafka.js';
import { allowInstallation, byScram, consumerOf } from '../support/secured-login.js';

const ACL = 'its ACL is missing (KAFKA_SASL_USERNAME, or KAFKA_SSL_CERT)';

describe('an installation on a secured Kafka', () => {
  let kafka: SecuredKafka;
  let environment: Environment;
  let worker: RunningWorker;
  const { logger, lines } = keptLog();
  before(async function () {
    this.timeout(120_000);
    kafka = await startSecuredKafka(loadConfig(process.env).BRIDGE_CACHE_DIR);
    const prefix = newTopic();
    await allowInstallation(kafka, prefix);
    environment = await createEnvironment({ env: { ...byScram(kafka), KAFKA_TOPIC_PREFIX: prefix }, worker: false });
  });
  after(async function () {
    this.timeout(60_000);
    try {
      await environment.close();
    } finally {
      await kafka.remove();
    }
  });
  const envOf = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
    ...environment.env,
    ...byScram(kafka),
    ...more,
  });

  it('is set up, executes a list, and its event is read by the console consumer', async () => {
    const setup = await bridgeHere(['setup', '--json'], envOf());
    assert.equal(setup.code, 0, setup.stderr);
    const config = loadConfig(envOf());
    worker = await startWorker({ config, endpoints: givenEndpoints(config) as Endpoints, logger });
    try {
      const client = new StoreEffectClient(environment.temporal, config.TEMPORAL_TASK_QUEUE);
      const { outcome } = await client.executeIntents([publishEvent()]);
      assert.equal(outcome, 'completed');
      const topic = topicOf(config.KAFKA_TOPIC_PREFIX, 'AGGREGATION_STARTED');
      const read = await readTopic(
        { kafka: consumerOf(kafka, config.KAFKA_TOPIC_PREFIX) },
        config.BRIDGE_CACHE_DIR,
        topic,
      );
      assert.equal(read.length, 1);
      const doctor = await bridgeHere(['doctor'], envOf());
      assert.equal(doctor.code, 0, doctor.stdout);
    } finally {
      await worker.shutdown();
    }
    assert.ok(!lines.some(({ msg }) => msg.startsWith('started without')));
  });

  it('has every fault named by doctor, which ends with 3', async () => {
    const topic = topicOf('unseen', 'AGGREGATION_STARTED');
    const faults: readonly (readonly [more: NodeJS.ProcessEnv, sentence: string])[] = [
      [{ KAFKA_TOPIC_PREFIX: 'unseen' }, `this user has no right Describe on topic ${topic} and 13 more: ${ACL}`],
      [{ KAFKA_SASL_PASSWORD: 'wrong' }, `${kafka.saslSsl} refuses the password of user ${USER} (KAFKA_SASL_PASSWORD)`],
      [
        { KAFKA_SSL_CA: kafka.client.certFile },
        `the certificate of ${kafka.saslSsl} is of an authority that is not trusted (KAFKA_SSL_CA)`,
      ],
      [
        { KAFKA_BOOTSTRAP_SERVERS: `SASL_SSL://${kafka.expired}` },
        `the certificate of ${kafka.expired}, or of its authority (KAFKA_SSL_CA), has expired or is not valid yet`,
      ],
    ];
    for (const [more, sentence] of faults) {
      const run = await bridgeHere(['doctor', '--json'], envOf(more));
      const findings = run.json() as { check: string; detail: string }[];
      const found = findings.find(({ check }) => check === 'Kafka topics');
      assert.deepEqual([run.code, found?.detail], [3, `Kafka: ${sentence}`]);
    }
  });

  it('is set up but for the topics that the user may not create, which are printed', async () => {
    const run = await bridgeHere(['setup'], envOf({ KAFKA_TOPIC_PREFIX: 'forbidden' }));
    assert.equal(run.code, 1, run.stderr);
    assert.match(run.stdout, /PostgreSQL {2}up to date/);
    assert.match(run.stdout, /An administrator of Kafka has to create them/);
    assert.match(run.stdout, /forbidden\.reducer\.events\.intent_emitted\s+\S*\s*2\b/);
    assert.match(run.stdout, /forbidden\.reducer\.events\.intent_emitted\.dlq\s+\S*\s*1\b/);
  });

  it('has a worker that starts without Kafka, and says why', async () => {
    const config = loadConfig(envOf({ KAFKA_SASL_PASSWORD: 'wrong' }));
    const log = keptLog();
    const endpoints = givenEndpoints(config) as Endpoints;
    const started = await startWorker({ config, endpoints, logger: log.logger });
    await started.shutdown();
    const line = log.lines.find(({ msg }) => msg === 'started without kafka');
    assert.equal(
      line?.['detail'],
      `Kafka: ${kafka.saslSsl} refuses the password of user ${USER} (KAFKA_SASL_PASSWORD)`,
    );
  });
});
