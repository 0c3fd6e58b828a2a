/** These tests read docker-compose.yml without an engine: its settings are those of the native servers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { loadConfig, SETTING_GROUPS, timeSettings } from '../../src/config.js';
import { supervisorMs } from '../../src/domain/time-outs.js';
import { serverProperties } from '../../src/stack/native/kafka-config.js';
import { SETTINGS } from '../../src/stack/native/postgres.js';
import { DYNAMIC_CONFIG, ENVIRONMENT } from '../../src/stack/native/temporal/service.js';

interface Service {
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly profiles?: readonly string[];
  readonly stop_grace_period?: string;
  readonly tmpfs?: readonly string[];
  readonly healthcheck: { readonly test: readonly string[] };
}

const { services, volumes } = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as {
  readonly services: Readonly<Record<'postgres' | 'kafka' | 'temporal' | 'service' | 'setup', Service>>;
  readonly volumes: object;
};

const SETTINGS_OF_SERVICE = new Set(Object.values(SETTING_GROUPS).flatMap((group) => Object.keys(group)));

/** Settings that are addresses, names or folders, which a container has of its own. */
const OWN = /listener|^controller\.quorum|^log\.dirs$/;

describe('the compose file', () => {
  it('has the settings of the native broker', () => {
    const properties = serverProperties('', { broker: 1, controller: 2 })
      .trim()
      .split('\n')
      .map((line) => line.split('=') as [string, string])
      .filter(([name]) => !OWN.test(name));
    assert.ok(properties.length >= 12);
    const { environment } = services.kafka;
    for (const [name, value] of properties)
      assert.equal(environment[`KAFKA_${name.toUpperCase().replaceAll('.', '_')}`], value, name);
  });

  it('has the settings of the native PostgreSQL and Temporal', () => {
    const { max_connections, shared_buffers } = SETTINGS;
    for (const setting of [`max_connections=${max_connections}`, `shared_buffers=${shared_buffers}`])
      assert.ok(services.postgres.command?.includes(setting), setting);
    const { command = [], environment } = services.temporal;
    for (const [name, value] of Object.entries(DYNAMIC_CONFIG))
      assert.ok(command.includes(`--dynamic-config-value=${name}=${value}`), name);
    assert.deepEqual(environment, ENVIRONMENT);
  });

  it('lets other containers reach Kafka by its name, and clients of the host by loopback', () => {
    const { environment } = services.kafka;
    assert.match(environment['KAFKA_ADVERTISED_LISTENERS']!, /^HOST:\/\/127\.0\.0\.1:.*,INTERNAL:\/\/kafka:19092$/);
    assert.match(environment['KAFKA_LISTENERS']!, /INTERNAL:\/\/0\.0\.0\.0:19092/);
  });

  it('runs the service only when it is asked to, by settings that the service has', () => {
    for (const name of ['setup', 'service'] as const) {
      assert.deepEqual(services[name].profiles, ['service']);
      const { environment } = services[name];
      assert.equal(environment['KAFKA_BOOTSTRAP_SERVERS'], 'kafka:19092');
      assert.deepEqual(
        Object.keys(environment).filter((variable) => !SETTINGS_OF_SERVICE.has(variable)),
        [],
      );
    }
    for (const name of ['postgres', 'kafka', 'temporal'] as const) assert.equal(services[name].profiles, undefined);
  });

  it('waits for the end of the service as long as a supervisor has to', () => {
    assert.equal(services.service.stop_grace_period, `${supervisorMs(timeSettings(loadConfig({}))) / 1_000}s`);
  });

  it('starts no JVM to ask whether Kafka is well, and leaves no volume without a name', () => {
    assert.deepEqual(services.kafka.healthcheck.test, ['CMD', 'bash', '-c', '</dev/tcp/127.0.0.1/19092']);
    assert.deepEqual(services.kafka.tmpfs, ['/etc/kafka/secrets', '/mnt/shared/config']);
    for (const { volumes: mounted } of Object.values(services))
      for (const volume of mounted ?? []) assert.ok((volume.split(':')[0] ?? '') in volumes, volume);
  });
});
