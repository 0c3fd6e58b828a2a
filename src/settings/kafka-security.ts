/** This module holds the settings of TLS and of the login to Kafka; `kafka-endpoint.ts` judges them together. */
import { z } from 'zod';
import { httpUrl, SECURITY_PROTOCOLS } from './addresses.js';
import { setting, word } from './setting.js';

const READ_BY = ['worker', 'intake', 'CLI', 'stack'] as const;
const TEXT = z.string().optional();

export const kafkaSecurity = {
  KAFKA_SECURITY_PROTOCOL: setting(word(SECURITY_PROTOCOLS).optional(), {
    readBy: READ_BY,
    unset: 'what stands in front of the brokers (`SASL_SSL://host:port`), else `PLAINTEXT`',
    about: 'It is the protocol of the listener that the brokers are reached by: TLS with `SSL`, a login with `SASL_`.',
    change: "Set it to the protocol of the cluster's listener; most are `SASL_SSL`.",
  }),
  KAFKA_SASL_MECHANISM: setting(word(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER']).optional(), {
    readBy: READ_BY,
    unset: 'no login',
    about: 'It is the mechanism of the login. `KAFKA_SECURITY_PROTOCOL` has to be `SASL_SSL` or `SASL_PLAINTEXT`.',
    change: 'Set it to a mechanism of the listener.',
  }),
  KAFKA_SASL_USERNAME: setting(TEXT, {
    readBy: READ_BY,
    unset: 'no login',
    about: 'It is the user of `PLAIN`, `SCRAM-SHA-256` and `SCRAM-SHA-512`.',
    change: 'Give each process the user that has its ACLs.',
  }),
  KAFKA_SASL_PASSWORD: setting(TEXT, {
    readBy: READ_BY,
    unset: '`KAFKA_SASL_PASSWORD_FILE`',
    about: 'It is the password of `KAFKA_SASL_USERNAME`.',
    change: 'Prefer `KAFKA_SASL_PASSWORD_FILE`: a variable cannot change without a restart.',
  }),
  KAFKA_SASL_PASSWORD_FILE: setting(TEXT, {
    readBy: READ_BY,
    type: 'the path of a file',
    unset: '`KAFKA_SASL_PASSWORD`',
    about: 'It is the file of the password, which is read again for each new connection.',
    change: 'Set it wherever the password is rotated: the file may follow the broker later.',
  }),
  KAFKA_SSL_CA: setting(TEXT, {
    readBy: READ_BY,
    type: 'the path of a file, or its text in PEM',
    unset: 'the authorities that Node trusts (`NODE_EXTRA_CA_CERTS` adds to them)',
    about: "It is the certificates of the authorities whose brokers are trusted. They replace Node's.",
    change: 'Set it when an authority of your own has signed the certificates of the brokers.',
  }),
  KAFKA_SSL_CERT: setting(TEXT, {
    readBy: READ_BY,
    type: 'the path of a file, or its text in PEM',
    unset: 'no client certificate',
    about: 'It is the certificate that the client shows (mTLS), with those between it and its authority.',
    change: 'Set it together with `KAFKA_SSL_KEY` when the listener wants client certificates.',
  }),
  KAFKA_SSL_KEY: setting(TEXT, {
    readBy: READ_BY,
    type: 'the path of a file, or its text in PEM',
    unset: 'no client certificate',
    about: 'It is the private key of `KAFKA_SSL_CERT`, without a passphrase. Both are read for each new connection.',
    change: 'Set it together with `KAFKA_SSL_CERT`.',
  }),
  KAFKA_SASL_OAUTHBEARER_TOKEN_FILE: setting(TEXT, {
    readBy: READ_BY,
    type: 'the path of a file',
    unset: '`KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL`',
    about: 'It is the file of the token of `OAUTHBEARER`, which is read again for each login.',
    change: 'Set it when another process keeps a token in a file, as Kubernetes does.',
  }),
  KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL: setting(httpUrl.optional(), {
    readBy: READ_BY,
    type: 'a URL `https://host/path`',
    unset: '`KAFKA_SASL_OAUTHBEARER_TOKEN_FILE`',
    about:
      'It is the endpoint that gives tokens of `OAUTHBEARER` for client credentials. A token is kept until it expires.',
    change: 'Set it to the token endpoint of your OAuth server.',
  }),
  KAFKA_SASL_OAUTHBEARER_CLIENT_ID: setting(TEXT, {
    readBy: READ_BY,
    unset: 'no login',
    about: 'It is the client id that the token endpoint knows.',
    change: 'Set it together with the endpoint.',
  }),
  KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET: setting(TEXT, {
    readBy: READ_BY,
    unset: '`KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET_FILE`',
    about: 'It is the secret of the client id.',
    change: 'Prefer the file: a variable cannot change without a restart.',
  }),
  KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET_FILE: setting(TEXT, {
    readBy: READ_BY,
    type: 'the path of a file',
    unset: '`KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET`',
    about: 'It is the file of the secret, which is read again for each new token.',
    change: 'Set it together with the endpoint.',
  }),
  KAFKA_SASL_OAUTHBEARER_SCOPE: setting(TEXT, {
    readBy: READ_BY,
    unset: 'no scope',
    about: 'It is the scope that the token endpoint is asked for.',
    change: 'Set it when the OAuth server demands one.',
  }),
};
