/** These tests check what the environment says about Kafka. */
import assert from 'node:assert/strict';
import { loadConfig } from '../../src/config.js';
import { batchSettings, kafkaSettings, topicSettings } from '../../src/kafka/settings.js';
import { allTopics } from '../../src/kafka/topics.js';

describe('Kafka settings', () => {
  it('of batches follow the environment, unless they are set', () => {
    const settings = (env: NodeJS.ProcessEnv) => batchSettings(loadConfig(env));
    assert.deepEqual(settings({ ENVIRONMENT: 'production' }), { compression: 'lz4', lingerMs: 10, size: 100 });
    assert.deepEqual(settings({ ENVIRONMENT: 'staging' }), { compression: 'gzip', lingerMs: 5, size: 100 });
    assert.deepEqual(settings({}), { compression: 'none', lingerMs: 0, size: 500 });
    assert.deepEqual(
      settings({ ENVIRONMENT: 'production', KAFKA_COMPRESSION: 'none', BATCH_LINGER_MS: '0', KAFKA_BATCH_SIZE: '7' }),
      { compression: 'none', lingerMs: 0, size: 7 },
    );
  });

  it('of the client are in milliseconds', () => {
    const config = loadConfig({ SERVICE_INSTANCE: 'here' });
    assert.deepEqual(kafkaSettings(config, { brokers: ['a:1', 'b:2'] }), {
      brokers: ['a:1', 'b:2'],
      clientId: 'bridge-store-effect-here',
      requestTimeoutMs: 30_000,
      retries: 3,
      retryBackoffMs: 300,
    });
  });

  it('of topics name each with its dead letter topic', () => {
    const settings = topicSettings(loadConfig({ KAFKA_TOPIC_PREFIX: 'p' }));
    assert.deepEqual(settings, { prefix: 'p', partitions: 3, replicationFactor: -1, dlqSuffix: '.dlq' });
    const topics = allTopics(settings);
    assert.equal(topics.length, 28);
    assert.ok(
      ['p.reducer.events.state_persisted', 'p.reducer.events.state_persisted.dlq'].every((name) =>
        topics.includes(name),
      ),
    );
  });
});
