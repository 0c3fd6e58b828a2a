/** These tests publish to a broker with TLS, logins and ACLs, and read what has arrived with Kafka's own consumer. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreEffectClient } from '../../src/client/index.js';
import { loadConfig } from '../../src/config.js';
import { topicOf } from '../../src/domain/events/event-types.js';
import { probe } from '../../src/stack/probes/index.js';
import { withoutReason } from '../support/certificates.js';
import { readTopic } from '../support/console-consumer.js';
import { PASSWORDS, type SecuredKafka, startSecuredKafka, tokenFor, USER } from '../support/secured-kafka.js';
import {
  byScram,
  consumerOf,
  endpointOf,
  overTls,
  secretFile,
  send,
  startTokenServer,
  withPublisher,
} from '../support/secured-login.js';

const PREFIX = 'secured';
/** Senders that share a publisher: kafkajs has to keep those apart that log in at once. */
const SENDERS = 10;
const { BRIDGE_CACHE_DIR: cacheDir } = loadConfig();

describe('a secured Kafka', () => {
  let kafka: SecuredKafka;
  before(async function () {
    this.timeout(120_000);
    kafka = await startSecuredKafka(cacheDir);
    await kafka.allow(`User:${USER}`, 'TOPIC', PREFIX, 'ALL');
    await kafka.allow(`User:${USER}`, 'GROUP', PREFIX, 'READ');
    await kafka.allow('User:CN=client', 'TOPIC', PREFIX, 'WRITE');
  });
  after(async function () {
    this.timeout(20_000);
    await kafka.remove();
  });

  const variables = (more: NodeJS.ProcessEnv) => overTls(kafka, more);
  const scram = (secret?: NodeJS.ProcessEnv) => byScram(kafka, secret);
  const inFile = (name: string, text: string) => secretFile(kafka, name, text);
  const newTopic = async (): Promise<string> => {
    const topic = `${PREFIX}-${randomUUID()}`;
    await kafka.withAdmin((admin) => admin.createTopics({ topics: [{ topic }] }));
    return topic;
  };
  /** Publishes once, and returns how that was refused. */
  const refusal = (env: NodeJS.ProcessEnv, topic = `${PREFIX}-missing`): Promise<string> =>
    withPublisher(env, async (publisher) => {
      const outcome = await send(publisher, topic, 'x');
      assert.ok(!outcome.sent);
      return `${outcome.error.failureClass}: ${outcome.error.message}`;
    });

  it('takes messages by SCRAM, PLAIN, OAUTHBEARER and a client certificate, which the console consumer reads', async function () {
    this.timeout(60_000);
    const topic = await newTopic();
    const tokens = await startTokenServer();
    const endpoint = (secret: string) =>
      variables({
        KAFKA_SASL_MECHANISM: 'OAUTHBEARER',
        KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL: tokens.url,
        KAFKA_SASL_OAUTHBEARER_CLIENT_ID: 'bridge',
        KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET: secret,
      });
    const logins = {
      endpoint: endpoint('client-secret'),
      scram: scram(),
      file: scram({ KAFKA_SASL_PASSWORD_FILE: await inFile('password', `${PASSWORDS.scram}\n`) }),
      plain: variables({
        KAFKA_SASL_MECHANISM: 'PLAIN',
        KAFKA_SASL_USERNAME: USER,
        KAFKA_SASL_PASSWORD: PASSWORDS.plain,
      }),
      token: variables({
        KAFKA_SASL_MECHANISM: 'OAUTHBEARER',
        KAFKA_SASL_OAUTHBEARER_TOKEN_FILE: await inFile('token', tokenFor(USER)),
      }),
      certificate: variables({
        KAFKA_BOOTSTRAP_SERVERS: kafka.ssl,
        KAFKA_SECURITY_PROTOCOL: 'SSL',
        KAFKA_SSL_CERT: kafka.client.certFile,
        KAFKA_SSL_KEY: kafka.client.keyFile,
      }),
    };
    assert.match(
      await refusal(endpoint('wrong')),
      /refuses the client bridge \(KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET\)/,
    );
    for (const [name, env] of Object.entries(logins)) {
      const outcome = await withPublisher(env, (publisher) => send(publisher, topic, name));
      assert.deepEqual(outcome, { sent: true }, name);
    }
    tokens.close();
    const records = await readTopic({ kafka: consumerOf(kafka, PREFIX) }, cacheDir, topic);
    assert.deepEqual(
      records.map(({ value }) => value),
      Object.keys(logins),
    );
  });

  it('takes lists of the client, whose options are the same', async () => {
    const brokers = [`SASL_SSL://${kafka.saslSsl}`];
    const security = { mechanism: 'SCRAM-SHA-512', username: USER, ca: kafka.authority.certFile } as const;
    const topicPrefix = `${PREFIX}-client`;
    const topic = topicOf(topicPrefix, 'INTENT_EMITTED');
    await kafka.withAdmin((admin) => admin.createTopics({ topics: [{ topic }] }));
    const emit = async (password: string) => {
      const given = { brokers, security: { ...security, password }, topicPrefix };
      const client = new StoreEffectClient({ connection: { close: () => Promise.resolve() } } as never, 'q', given);
      try {
        return await client.emitIntents([]);
      } finally {
        await client.close();
      }
    };
    const { eventId } = await emit(PASSWORDS.scram);
    const { high } = (await kafka.withAdmin((admin) => admin.fetchTopicOffsets(topic)))[0]!;
    assert.deepEqual([high, eventId.length], ['1', 36]);
    await assert.rejects(emit('wrong'), {
      message: `Kafka: ${kafka.saslSsl} refuses the password of user ${USER} (kafka.security.password)`,
    });
  });

  it('is probed by the stack with its login', async () => {
    assert.equal(await probe('kafka', endpointOf(scram())), null);
    const failure = await probe('kafka', endpointOf(scram({ KAFKA_SASL_PASSWORD: 'wrong' })));
    assert.equal(failure?.message, `${kafka.saslSsl} refuses the password of user ${USER} (KAFKA_SASL_PASSWORD)`);
  });

  it('says what is wrong in one sentence', async function () {
    this.timeout(30_000);
    const topic = await newTopic();
    const { saslSsl, ssl } = kafka;
    const stranger = kafka.client.certFile;
    const refusals: Record<string, readonly [env: NodeJS.ProcessEnv, expected: string]> = {
      'a wrong password': [
        scram({ KAFKA_SASL_PASSWORD_FILE: await inFile('wrong', 'wrong') }),
        `unavailable: Kafka: ${saslSsl} refuses the password of user ${USER} (KAFKA_SASL_PASSWORD_FILE)`,
      ],
      'a file that is not there': [
        scram({ KAFKA_SASL_PASSWORD_FILE: '/nowhere' }),
        `unavailable: Kafka: no login at ${saslSsl}: KAFKA_SASL_PASSWORD_FILE: /nowhere cannot be read`,
      ],
      'an expired token': [
        variables({
          KAFKA_SASL_MECHANISM: 'OAUTHBEARER',
          KAFKA_SASL_OAUTHBEARER_TOKEN_FILE: await inFile('old-token', tokenFor(USER, -60)),
        }),
        `unavailable: Kafka: ${saslSsl} refuses the token (KAFKA_SASL_OAUTHBEARER_TOKEN_FILE)`,
      ],
      'a mechanism that is off': [
        scram({ KAFKA_SASL_PASSWORD: PASSWORDS.scram, KAFKA_SASL_MECHANISM: 'SCRAM-SHA-256' }),
        'unavailable: Kafka: The broker does not support the requested SASL mechanism (KAFKA_SASL_MECHANISM)',
      ],
      'an unknown authority': [
        scram({ KAFKA_SASL_PASSWORD: PASSWORDS.scram, KAFKA_SSL_CA: stranger }),
        `unavailable: Kafka: the certificate of ${saslSsl} is of an authority that is not trusted (KAFKA_SSL_CA)`,
      ],
      'an expired certificate': [
        variables({ KAFKA_BOOTSTRAP_SERVERS: `SSL://${kafka.expired}` }),
        `unavailable: Kafka: the certificate of ${kafka.expired}, or of its authority (KAFKA_SSL_CA), has expired or is not valid yet`,
      ],
      'a certificate for another host': [
        variables({ KAFKA_BOOTSTRAP_SERVERS: `SSL://${kafka.elsewhere}` }),
        `unavailable: Kafka: the certificate of ${kafka.elsewhere} is for another host (KAFKA_BOOTSTRAP_SERVERS, and the advertised.listeners of the brokers)`,
      ],
      'a key that is not of the certificate': [
        variables({
          KAFKA_BOOTSTRAP_SERVERS: `SSL://${ssl}`,
          KAFKA_SSL_CERT: kafka.client.certFile,
          KAFKA_SSL_KEY: kafka.authority.keyFile,
        }),
        `unavailable: Kafka: ${ssl} is not asked: a file is not in PEM, or certificate and key are not a pair (KAFKA_SSL_CA, KAFKA_SSL_CERT, KAFKA_SSL_KEY)`,
      ],
      'a missing client certificate': [
        variables({ KAFKA_BOOTSTRAP_SERVERS: `SSL://${ssl}` }),
        `unavailable: Kafka: ${ssl} does not take the client certificate, or misses one (KAFKA_SSL_CERT)`,
      ],
      'no TLS to a listener of TLS': [
        { KAFKA_BOOTSTRAP_SERVERS: ssl },
        `unavailable: Kafka: ${ssl} closed the connection, as a listener does that wants TLS or a login (KAFKA_SECURITY_PROTOCOL)`,
      ],
      'TLS to a listener without': [
        variables({ KAFKA_BOOTSTRAP_SERVERS: `SSL://${kafka.plaintext}` }),
        `unavailable: Kafka: ${kafka.plaintext} does not speak TLS (KAFKA_SECURITY_PROTOCOL)`,
      ],
    };
    for (const [what, [env, expected]] of Object.entries(refusals))
      assert.equal(withoutReason(await refusal(env, topic)), expected, what);
  });

  it('names the right that is missing', async () => {
    const topic = `other-${randomUUID()}`;
    const sentence = (right: string) =>
      `unknown: Kafka: this user has no right ${right} on topic ${topic}: its ACL is missing (KAFKA_SASL_USERNAME, or KAFKA_SSL_CERT)`;
    assert.equal(await refusal(scram(), topic), sentence('Write'));
    await kafka.withAdmin((admin) => admin.createTopics({ topics: [{ topic }] }));
    await kafka.allow(`User:${USER}`, 'TOPIC', topic, 'READ');
    assert.equal(await refusal(scram(), topic), sentence('Write'));
  });

  it('loses no message, and needs no restart, when the password is rotated and the file follows later', async function () {
    this.timeout(60_000);
    const topic = await newTopic();
    const file = await inFile('rotated', PASSWORDS.scram);
    let over = false;
    let next = 0;
    const sent = new Set<number>();
    const refused = new Set<string>();
    await withPublisher(scram({ KAFKA_SASL_PASSWORD_FILE: file }), async (publisher) => {
      const sender = async (): Promise<void> => {
        for (let value = next++; !over;) {
          const outcome = await send(publisher, topic, String(value));
          if (outcome.sent) sent.add(value);
          else refused.add(outcome.error.message);
          // An activity's next attempt sends what was not sent.
          if (outcome.sent) value = next++;
          await sleep(outcome.sent ? 20 : 500);
        }
      };
      const publishing = Promise.all(Array.from({ length: SENDERS }, sender));
      try {
        await kafka.setScramPassword(USER, 'rotated-secret');
        await kafka.cut();
        const before = sent.size;
        await sleep(5_000);
        assert.ok(sent.size <= before + SENDERS, 'the old password opens no connection');
        await inFile('rotated', 'rotated-secret');
        await sleep(2_000);
        assert.ok(sent.size > before + 3 * SENDERS, `${sent.size - before} messages after the rotation`);
      } finally {
        over = true;
        await publishing;
        await kafka.setScramPassword(USER, PASSWORDS.scram);
      }
    });
    assert.ok(
      refused.has(`Kafka: ${kafka.saslSsl} refuses the password of user ${USER} (KAFKA_SASL_PASSWORD_FILE)`),
      [...refused].join('\n'),
    );
    const records = await readTopic({ kafka: consumerOf(kafka, PREFIX) }, cacheDir, topic);
    const arrived = new Set(records.map(({ value }) => Number(value)));
    assert.ok([...sent].every((value) => arrived.has(value)));
  });
});
