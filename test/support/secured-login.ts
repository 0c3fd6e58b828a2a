/** This module has what logs in to the secured broker of the tests: variables of `bridge`, and Kafka's own consumer. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '../../src/config.js';
import { kafkaEndpoint } from '../../src/settings/kafka-endpoint.js';
import { PASSWORDS, type SecuredKafka, USER } from './secured-kafka.js';

/** Returns the variables for the listener SASL_SSL, without a login. */
export const overTls = (kafka: SecuredKafka, more: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  KAFKA_BOOTSTRAP_SERVERS: `SASL_SSL://${kafka.saslSsl}`,
  KAFKA_SSL_CA: kafka.authority.cert,
  KAFKA_MAX_RETRY_ATTEMPTS: '0',
  ...more,
});

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
    'ssl.truststore.location': kafka.authority.cert,
    'sasl.mechanism': 'SCRAM-SHA-512',
    'sasl.jaas.config': `org.apache.kafka.common.security.scram.ScramLoginModule required username="${USER}" password="${PASSWORDS.scram}";`,
    'group.id': `${group}-${randomUUID()}`,
  },
});
