import assert from 'node:assert/strict';
import { unreadVariables } from '../../src/config.js';

describe('variables that begin like a setting', () => {
  it('are found with the setting that has the nearest name', () => {
    const env = {
      KAFKA_BOOTSTRAP_SERVER: 'kafka:9092',
      TEMPORAL_TASKQUEUE: 'lists',
      PGHOSTNAME: 'db',
      LEDGER_RETENTION: '7',
      PAYLOAD_KEY_FILE: '/keys',
      CODEC_SERVER_TOKENS: 'word',
    };
    assert.deepEqual(unreadVariables(env), [
      { name: 'CODEC_SERVER_TOKENS', nearest: 'CODEC_SERVER_TOKEN' },
      { name: 'KAFKA_BOOTSTRAP_SERVER', nearest: 'KAFKA_BOOTSTRAP_SERVERS' },
      { name: 'LEDGER_RETENTION', nearest: 'LEDGER_RETENTION_DAYS' },
      { name: 'PAYLOAD_KEY_FILE', nearest: 'PAYLOAD_KEYS_FILE' },
      { name: 'PGHOSTNAME', nearest: 'PGHOST' },
      { name: 'TEMPORAL_TASKQUEUE', nearest: 'TEMPORAL_TASK_QUEUE' },
    ]);
  });

  it('are not named where somebody else reads or sets them, where they are empty, or where they are settings', () => {
    const env = {
      PGSSLMODE: 'require',
      PGOPTIONS: '-c geqo=off',
      KAFKA_SERVICE_HOST: '10.0.0.1',
      KAFKA_SERVICE_PORT_BROKER: '9092',
      KAFKA_PORT: 'tcp://10.0.0.1:9092',
      KAFKA_PORT_9092_TCP_ADDR: '10.0.0.1',
      TEMPORAL_TLS: '',
      TEMPORAL_NAMESPACE: 'default',
      PATH: '/bin',
      PAGER: 'less',
    };
    assert.deepEqual(unreadVariables(env), []);
  });
});
