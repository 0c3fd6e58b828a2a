/** This module has what logs in to the secured broker of the tests: variables of `bridge`, and Kafka's own consumer. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { loadConfig } from '../../src/config.js';
import { createKafka } from '../../src/kafka/client.js';
import { createPublisher, type KafkaPublisher } from '../../src/kafka/publisher.js';
import { kafkaSettings } from '../../src/kafka/settings.js';
import { kafkaEndpoint } from '../../src/settings/kafka-endpoint.js';
import { PASSWORDS, type SecuredKafka, tokenFor, USER } from './secured-kafka.js';

/** Returns the variables for the listener SASL_SSL, without a login. */
export const overTls = (kafka: SecuredKafka, more: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  KAFKA_BOOTSTRAP_SERVERS: `SASL_SSL://${kafka.saslSsl}`,
  KAFKA_SSL_CA: kafka.authority.certFile,
  KAFKA_MAX_RETRY_ATTEMPTS: '0',
  ...more,
});

/** Gives the user all rights that an installation needs, and the invariants, which read by groups of their own. */
export async function allowInstallation(kafka: SecuredKafka, prefix: string): Promise<void> {
  await kafka.allow(`User:${USER}`, 'TOPIC', prefix, 'ALL');
  for (const group of [prefix, 'bridge-store-effect-', 'records-']) {
    await kafka.allow(`User:${USER}`, 'GROUP', group, 'ALL');
  }
}

/** Returns the variables of a login by SCRAM. */
export const byScram = (
  kafka: SecuredKafka,
  secret: NodeJS.ProcessEnv = { KAFKA_SASL_PASSWORD: PASSWORDS.scram },
): NodeJS.ProcessEnv => overTls(kafka, { KAFKA_SASL_MECHANISM: 'scram-sha-512', KAFKA_SASL_USERNAME: USER, ...secret });

export function endpointOf(env: NodeJS.ProcessEnv) {
  const endpoint = kafkaEndpoint(loadConfig(env));
  assert.ok(endpoint !== null);
  return endpoint;
}

/** Lends a publisher of the variables' own. */
export async function withPublisher<T>(
  env: NodeJS.ProcessEnv,
  use: (publisher: KafkaPublisher) => Promise<T>,
): Promise<T> {
  const config = loadConfig(env);
  const publisher = createPublisher(createKafka(kafkaSettings(config, endpointOf(env))));
  try {
    return await use(publisher);
  } finally {
    await publisher.disconnect();
  }
}

/** Publishes one message. */
export const send = async (publisher: KafkaPublisher, topic: string, value: string) => {
  const [outcome] = await publisher.publish([{ topic, key: 'k', value, headers: {} }]);
  return outcome!;
};

/** Writes a secret into the broker's folder. The file is never there in half. @returns its path. */
export async function secretFile(kafka: SecuredKafka, name: string, text: string): Promise<string> {
  const path = join(kafka.folder, name);
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
  return path;
}

/** Returns the address and the login of the console consumer, whose group begins with `group`. */
export const consumerOf = (kafka: SecuredKafka, group: string) => ({
  brokers: [kafka.saslSsl],
  count: [kafka.plaintext],
  properties: {
    'security.protocol': 'SASL_SSL',
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': kafka.authority.certFile,
    'sasl.mechanism': 'SCRAM-SHA-512',
    'sasl.jaas.config': `org.apache.kafka.common.security.scram.ScramLoginModule required username="${USER}" password="${PASSWORDS.scram}";`,
    'group.id': `${group}-${randomUUID()}`,
  },
});

/** Starts an OAuth server on this machine, which gives a token to a client with the secret `client-secret`. */
export async function startTokenServer(): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((request, response) => {
    const [, given = ''] = request.headers.authorization?.split(' ') ?? [];
    if (!Buffer.from(given, 'base64').toString().endsWith(':client-secret')) response.writeHead(401).end();
    else response.end(JSON.stringify({ access_token: tokenFor(USER), expires_in: 60, token_type: 'Bearer' }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/token`, close: () => void server.close() };
}
