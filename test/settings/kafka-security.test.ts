/** These tests are the table of the settings of a secured Kafka: what goes together, and what is refused. */
import assert from 'node:assert/strict';
import { type KafkaOptions, StoreEffectClient } from '../../src/client/index.js';
import { loadConfig } from '../../src/config.js';
import { kafkaEndpoint } from '../../src/settings/kafka-endpoint.js';

const SERVERS = { KAFKA_BOOTSTRAP_SERVERS: 'a:1' };
const SCRAM = { KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512', KAFKA_SASL_USERNAME: 'me', KAFKA_SASL_PASSWORD: 'secret' };
const SASL_SSL = { ...SERVERS, KAFKA_SECURITY_PROTOCOL: 'SASL_SSL' };
const OAUTH = { ...SASL_SSL, KAFKA_SASL_MECHANISM: 'OAUTHBEARER' };
const CLIENT = {
  KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL: 'https://id.example/token',
  KAFKA_SASL_OAUTHBEARER_CLIENT_ID: 'id',
  KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET: 'secret',
};

/** Returns what an endpoint says of itself, with the texts of its secrets. */
async function securityOf(env: NodeJS.ProcessEnv) {
  const { security } = kafkaEndpoint(loadConfig(env)) ?? {};
  if (security === undefined) return 'none';
  const { tls, login } = security;
  const files = tls === undefined ? 'no TLS' : `TLS(${Object.keys(tls).join()})`;
  if (login === undefined) return files;
  if (login.mechanism === 'OAUTHBEARER') return `${files} OAUTHBEARER ${login.token.source}`;
  return `${files} ${login.mechanism} ${login.username}:${await login.password.read()}`;
}

describe('the security of Kafka', () => {
  const taken: readonly (readonly [what: string, env: NodeJS.ProcessEnv, expected: string])[] = [
    ['nothing', SERVERS, 'none'],
    ['PLAINTEXT', { ...SERVERS, KAFKA_SECURITY_PROTOCOL: 'plaintext' }, 'none'],
    ['SSL', { ...SERVERS, KAFKA_SECURITY_PROTOCOL: 'ssl', KAFKA_SSL_CA: '/ca' }, 'TLS(ca)'],
    ['SSL in front of the brokers', { KAFKA_BOOTSTRAP_SERVERS: 'ssl://a:1' }, 'TLS()'],
    [
      'SSL with a client certificate',
      { KAFKA_BOOTSTRAP_SERVERS: 'SSL://a:1', KAFKA_SSL_CERT: '/cert', KAFKA_SSL_KEY: '/key' },
      'TLS(cert,key)',
    ],
    ['SASL_SSL', { ...SASL_SSL, ...SCRAM }, 'TLS() SCRAM-SHA-512 me:secret'],
    [
      'SASL_PLAINTEXT in front of the brokers',
      { ...SCRAM, KAFKA_BOOTSTRAP_SERVERS: 'a:1,SASL_PLAINTEXT://b:2', KAFKA_SASL_MECHANISM: 'plain' },
      'no TLS PLAIN me:secret',
    ],
    [
      'both spellings of one protocol',
      { ...SCRAM, KAFKA_BOOTSTRAP_SERVERS: 'SASL_SSL://a:1', KAFKA_SECURITY_PROTOCOL: 'sasl_ssl' },
      'TLS() SCRAM-SHA-512 me:secret',
    ],
    [
      'a token file',
      { ...OAUTH, KAFKA_SASL_OAUTHBEARER_TOKEN_FILE: '/token' },
      'TLS() OAUTHBEARER KAFKA_SASL_OAUTHBEARER_TOKEN_FILE',
    ],
    ['a token endpoint', { ...OAUTH, ...CLIENT }, 'TLS() OAUTHBEARER KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL'],
  ];
  for (const [what, env, expected] of taken) {
    it(`takes ${what}`, async () => {
      assert.equal(await securityOf(env), expected);
    });
  }

  const refused: readonly (readonly [env: NodeJS.ProcessEnv, line: string])[] = [
    [
      { ...SERVERS, KAFKA_SASL_MECHANISM: 'PLAIN' },
      'KAFKA_SASL_MECHANISM: expected with KAFKA_SECURITY_PROTOCOL SASL_SSL or SASL_PLAINTEXT only, not with PLAINTEXT',
    ],
    [
      { ...SERVERS, ...SCRAM, KAFKA_SECURITY_PROTOCOL: 'SSL' },
      'KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD: expected with KAFKA_SECURITY_PROTOCOL SASL_SSL or SASL_PLAINTEXT only, not with SSL',
    ],
    [SASL_SSL, 'KAFKA_SASL_MECHANISM: expected with KAFKA_SECURITY_PROTOCOL SASL_SSL, got nothing'],
    [
      { ...SASL_SSL, ...SCRAM, KAFKA_SASL_USERNAME: '' },
      'KAFKA_SASL_USERNAME: expected with KAFKA_SASL_MECHANISM SCRAM-SHA-512, got nothing',
    ],
    [
      { ...SASL_SSL, ...SCRAM, KAFKA_SASL_PASSWORD: '' },
      'KAFKA_SASL_PASSWORD or KAFKA_SASL_PASSWORD_FILE: expected with KAFKA_SASL_MECHANISM SCRAM-SHA-512, got nothing',
    ],
    [
      { ...SASL_SSL, ...SCRAM, KAFKA_SASL_PASSWORD_FILE: '/secret' },
      'KAFKA_SASL_PASSWORD, KAFKA_SASL_PASSWORD_FILE: expected one of them, got both',
    ],
    [
      { ...SASL_SSL, ...SCRAM, KAFKA_SASL_OAUTHBEARER_SCOPE: 'kafka' },
      'KAFKA_SASL_OAUTHBEARER_SCOPE: expected with KAFKA_SASL_MECHANISM OAUTHBEARER only, not with SCRAM-SHA-512',
    ],
    [
      { ...SERVERS, KAFKA_SSL_CA: '/ca' },
      'KAFKA_SSL_CA: expected with KAFKA_SECURITY_PROTOCOL SSL or SASL_SSL only, not with PLAINTEXT',
    ],
    [
      { ...SERVERS, KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_SSL_CERT: '/cert' },
      'KAFKA_SSL_CERT, KAFKA_SSL_KEY: expected both or none of them',
    ],
    [
      { ...OAUTH, KAFKA_SASL_OAUTHBEARER_TOKEN_FILE: '/token', KAFKA_SASL_USERNAME: 'me' },
      'KAFKA_SASL_USERNAME: expected with PLAIN or SCRAM only, not with KAFKA_SASL_MECHANISM OAUTHBEARER',
    ],
    [
      OAUTH,
      'KAFKA_SASL_OAUTHBEARER_TOKEN_FILE or KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL: expected with KAFKA_SASL_MECHANISM OAUTHBEARER, got nothing',
    ],
    [
      { ...OAUTH, ...CLIENT, KAFKA_SASL_OAUTHBEARER_TOKEN_FILE: '/token' },
      'KAFKA_SASL_OAUTHBEARER_TOKEN_FILE, KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL: expected one of them, got both',
    ],
    [
      { ...OAUTH, ...CLIENT, KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET: '' },
      'KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET or KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET_FILE: expected with KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL, got nothing',
    ],
    [
      { ...OAUTH, KAFKA_SASL_OAUTHBEARER_TOKEN_FILE: '/token', KAFKA_SASL_OAUTHBEARER_CLIENT_ID: 'id' },
      'KAFKA_SASL_OAUTHBEARER_CLIENT_ID: expected together with KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL',
    ],
    [
      { ...SCRAM, KAFKA_BOOTSTRAP_SERVERS: 'SSL://a:1', KAFKA_SECURITY_PROTOCOL: 'SASL_SSL' },
      'KAFKA_BOOTSTRAP_SERVERS: expected no other protocol than SASL_SSL (KAFKA_SECURITY_PROTOCOL), got SSL',
    ],
    [
      { KAFKA_SECURITY_PROTOCOL: 'SSL' },
      'KAFKA_SECURITY_PROTOCOL: expected together with KAFKA_BOOTSTRAP_SERVERS, because the local stack has no security',
    ],
  ];
  for (const [env, line] of refused) {
    it(`refuses ${line}`, () => {
      assert.throws(() => loadConfig(env), {
        name: 'ConfigError',
        message: `the environment cannot be used:\n  ${line}`,
      });
    });
  }

  it('keeps the address of a token endpoint word for word: a slash at its end is part of it', () => {
    const url = 'https://id.example/realms/one/token/';
    const env = { ...OAUTH, ...CLIENT, KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL: url };
    const login = kafkaEndpoint(loadConfig(env))?.security?.login;
    assert.ok(login?.mechanism === 'OAUTHBEARER' && 'url' in login.token);
    assert.equal(login.token.url, url);
  });

  it('is refused by the names of the client, whose options are judged alike', async () => {
    const refusal = async (security: object, brokers = ['a:1']): Promise<string> => {
      const given = { kafka: { brokers, security } as KafkaOptions };
      return StoreEffectClient.connect(given).then(
        () => 'taken',
        (error: unknown) => (error instanceof Error ? error.message : ''),
      );
    };
    assert.equal(
      await refusal({ protocol: 'SSL', cert: '/cert' }),
      'the options cannot be used:\n  kafka.security.cert, kafka.security.key: expected both or none of them',
    );
    assert.equal(
      await refusal({ protocol: 'TLS' }),
      'the option cannot be used:\n  kafka.security.protocol: expected one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL, got string "TLS"',
    );
    assert.equal(
      await refusal({ user: 'me' }),
      'the option cannot be used:\n  kafka.security.user: there is no such option',
    );
    assert.match(await refusal({ protocol: 'SASL_SSL' }, ['SSL://a:1']), /kafka\.brokers: expected no other/);
  });

  it('puts no secret where it is printed or stored', () => {
    const endpoint = kafkaEndpoint(
      loadConfig({
        ...SASL_SSL,
        ...SCRAM,
        KAFKA_SSL_CERT: '-----BEGIN X',
        KAFKA_SSL_KEY: '-----BEGIN KEY-----\nsecret',
      }),
    );
    assert.doesNotMatch(JSON.stringify(endpoint), /secret|BEGIN/);
  });
});
