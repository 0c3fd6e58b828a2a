/** These tests have a user whose ACLs are missing, or whose login is refused: what it reads, and what goes on. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { Registry } from 'prom-client';
import { givenEndpoints } from '../../src/cli/context.js';
import { loadConfig } from '../../src/config.js';
import { topicOf } from '../../src/domain/events/event-types.js';
import type { Endpoints } from '../../src/endpoints.js';
import { until } from '../../src/flow-control/until.js';
import { runIntake } from '../../src/intake/run.js';
import { createKafka } from '../../src/kafka/client.js';
import { kafkaSettings, topicSettings } from '../../src/kafka/settings.js';
import { createTopics } from '../../src/kafka/topics.js';
import { openAdapters } from '../../src/worker/compose.js';
import { createMetrics } from '../../src/worker/metrics.js';
import { bridgeHere } from '../support/bridge-here.js';
import { keptLog } from '../support/kept-log.js';
import { type SecuredKafka, startSecuredKafka, USER } from '../support/secured-kafka.js';
import { byScram } from '../support/secured-login.js';

const { BRIDGE_CACHE_DIR: cacheDir } = loadConfig();
const PRINCIPAL = `User:${USER}`;
const ACL = 'its ACL is missing (KAFKA_SASL_USERNAME, or KAFKA_SSL_CERT)';

describe('a user of Kafka without rights', () => {
  let kafka: SecuredKafka;
  before(async function () {
    this.timeout(120_000);
    kafka = await startSecuredKafka(cacheDir);
  });
  after(async function () {
    this.timeout(20_000);
    await kafka.remove();
  });

  const envOf = (prefix: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
    ...process.env,
    ...byScram(kafka),
    KAFKA_TOPIC_PREFIX: prefix,
    LOG_LEVEL: 'silent',
    ...more,
  });
  const open = (env: NodeJS.ProcessEnv) => {
    const config = loadConfig(env);
    const endpoints = givenEndpoints(config) as Endpoints;
    return { config, endpoints };
  };

  it('gets the topics named that it may not create, and those created that it may', async () => {
    const { config, endpoints } = open(envOf('half'));
    await kafka.allow(PRINCIPAL, 'TOPIC', 'half.reducer.events.aggregation', 'CREATE');
    await kafka.allow(PRINCIPAL, 'TOPIC', 'half.reducer.events.aggregation', 'DESCRIBE');
    const { created, refused } = await createTopics(
      createKafka(kafkaSettings(config, endpoints.kafka)),
      topicSettings(config),
    );
    const there = await kafka.withAdmin((admin) => admin.listTopics());
    assert.deepEqual([...created].sort(), there.filter((topic) => topic.startsWith('half.')).sort());
    assert.deepEqual([created.length, refused.length], [6, 22]);
    assert.deepEqual(
      refused.filter(({ topic }) => topic.startsWith('half.reducer.events.intent_emitted')),
      [
        { topic: 'half.reducer.events.intent_emitted', partitions: 3 },
        { topic: 'half.reducer.events.intent_emitted.dlq', partitions: 1 },
      ],
    );
  });

  it('has a worker that says which topics are missing, once, and goes on', async () => {
    const { config, endpoints } = open(envOf('none'));
    await kafka.allow(PRINCIPAL, 'TOPIC', 'none.', 'WRITE');
    const { logger, lines } = keptLog();
    const adapters = openAdapters(config, endpoints, logger, createMetrics());
    const topic = topicOf('none', 'NODE_HEARTBEAT');
    const publish = () => adapters.ports.publisher.publish([{ topic, key: 'k', value: 'v', headers: {} }]);
    try {
      const sentence = /^this user has no right Create on 28 topics .* \(KAFKA_SASL_USERNAME\): none\.reducer\./;
      for (let attempt = 0; attempt < 2; attempt += 1) {
        const [outcome] = await publish();
        assert.ok(outcome?.sent === false);
        assert.equal(outcome.error.failureClass, 'unknown');
        assert.match(outcome.error.message.replace(/^Kafka: /, ''), sentence);
      }
      const said = lines.filter(({ msg }) => sentence.test(msg));
      assert.deepEqual([said.length, said[0]?.level], [1, 50]);
      // An administrator creates it, and the same worker goes on.
      await kafka.withAdmin((admin) => admin.createTopics({ topics: [{ topic }] }));
      assert.deepEqual(await publish(), [{ sent: true }]);
    } finally {
      await adapters.close();
    }
  });

  it('has a worker that logs a refused login once a minute, with its source', async () => {
    const { config, endpoints } = open(envOf('none', { KAFKA_SASL_PASSWORD: 'wrong' }));
    const { logger, lines } = keptLog();
    const metrics = createMetrics();
    const adapters = openAdapters(config, endpoints, logger, metrics);
    const sentence = `Kafka: ${kafka.saslSsl} refuses the password of user ${USER} (KAFKA_SASL_PASSWORD)`;
    try {
      const { kafka: check } = await adapters.checks();
      assert.deepEqual(check, { ok: false, detail: sentence });
      const message = { topic: 'none.x', key: 'k', value: 'v', headers: {} };
      for (let attempt = 0; attempt < 2; attempt += 1) await adapters.ports.publisher.publish([message]);
      const said = lines.filter(({ msg }) => msg === sentence);
      assert.deepEqual(
        said.map(({ store, level }) => [store, level]),
        [['kafka', 50]],
      );
      const { values } = await metrics.registry.getSingleMetric('store_logins_refused_total')!.get();
      assert.equal(values.find(({ labels }) => labels['store'] === 'kafka')?.value, 2);
      assert.ok(!lines.some((line) => JSON.stringify(line).includes('"wrong"')));
    } finally {
      await adapters.close();
    }
  });

  it('has an intake that names the group it may not join, and joins when it may', async function () {
    this.timeout(60_000);
    const { config, endpoints } = open(envOf('read'));
    const topic = topicOf('read', 'INTENT_EMITTED');
    await kafka.withAdmin((admin) => admin.createTopics({ topics: [{ topic }] }));
    await kafka.allow(PRINCIPAL, 'TOPIC', 'read.', 'READ');
    const { logger, lines } = keptLog();
    const intake = await runIntake({ config, endpoints, logger, registry: new Registry() });
    try {
      const group = 'bridge-store-effect-intake-read';
      const sentence = `intake: Kafka: no broker names the coordinator of group ${group}: an ACL has to allow this user Read on it (KAFKA_GROUP_ID)`;
      const said = () => lines.filter(({ msg }) => msg === sentence);
      await until(10_000, async () => assert.equal(await Promise.resolve(said().length), 1));
      assert.equal(intake.check().ok, false);
      await kafka.allow(PRINCIPAL, 'GROUP', group, 'READ');
      await until(30_000, async () => assert.equal(await Promise.resolve(intake.check().ok), true));
      assert.ok(said().length < 4, `${said().length} lines`);
    } finally {
      await intake.stop(0);
    }
  });

  it('has an intake that counts a refused login, and logs it once a minute, with its source', async function () {
    this.timeout(60_000);
    const { config, endpoints } = open(envOf('read', { KAFKA_SASL_PASSWORD: 'wrong' }));
    const { logger, lines } = keptLog();
    const registry = new Registry();
    const intake = await runIntake({ config, endpoints, logger, registry });
    try {
      const refusals = async (store: string) => {
        const { values } = await registry.getSingleMetric('store_logins_refused_total')!.get();
        return values.find(({ labels }) => labels['store'] === store)?.value;
      };
      assert.deepEqual([await refusals('kafka'), await refusals('temporal')], [0, 0]);
      await until(30_000, async () => assert.ok((await refusals('kafka'))! >= 3));
      const said = lines.filter(({ level }) => level >= 40).map(({ msg }) => msg);
      assert.deepEqual(said, [...new Set(said)], 'no line is there twice');
      const sentence = `Kafka: ${kafka.saslSsl} refuses the password of user ${USER} (KAFKA_SASL_PASSWORD)`;
      assert.deepEqual(
        lines.filter(({ store }) => store === 'kafka').map(({ level, msg }) => [level, msg]),
        [[50, sentence]],
      );
    } finally {
      await intake.stop(0);
    }
  });

  it('gets the exit code 3 of bridge emit, and the sentence', async () => {
    const file = join(kafka.folder, 'list.json');
    await writeFile(file, '{"intents": []}');
    const emit = async (more: NodeJS.ProcessEnv) => {
      const { code, stderr } = await bridgeHere(['emit', file], envOf('unwritten', more));
      return [code, stderr];
    };
    const topic = topicOf('unwritten', 'INTENT_EMITTED');
    assert.deepEqual(await emit({}), [3, `bridge: Kafka: this user has no right Write on topic ${topic}: ${ACL}\n`]);
    assert.deepEqual(await emit({ KAFKA_SASL_PASSWORD: 'wrong' }), [
      3,
      `bridge: Kafka: ${kafka.saslSsl} refuses the password of user ${USER} (KAFKA_SASL_PASSWORD)\n`,
    ]);
    assert.deepEqual(await emit({ KAFKA_SSL_KEY: '/key' }), [
      2,
      'bridge: the environment cannot be used:\n    KAFKA_SSL_CERT, KAFKA_SSL_KEY: expected both or none of them\n',
    ]);
  });
});
