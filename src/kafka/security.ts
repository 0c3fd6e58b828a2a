/**
 * This module secures the connections of kafkajs: TLS by a socket factory, the login by an authentication provider.
 * kafkajs calls both for each new connection, so that passwords and certificates are read again (ADR 0034).
 *
 * kafkajs keeps nothing of an error but its message and its code. So the message is the sentence that a person reads.
 */
import { isIP, Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { connect } from 'node:tls';
import kafkajs, {
  type AuthenticationProviderArgs,
  type ISocketFactory,
  type KafkaConfig,
  type Mechanism,
} from 'kafkajs';
import oauthBearer from 'kafkajs/src/broker/saslAuthenticator/oauthBearer.js';
import plain from 'kafkajs/src/broker/saslAuthenticator/plain.js';
import scram256 from 'kafkajs/src/broker/saslAuthenticator/scram256.js';
import scram512 from 'kafkajs/src/broker/saslAuthenticator/scram512.js';
import { tlsFailureOf, type TlsNames, tlsSentence } from '../domain/failures/tls-failures.js';
import { tokensOf } from './token-endpoint.js';
import type { KafkaEndpoint, KafkaLogin, KafkaSecurity } from '../endpoints.js';

/** Returns the part of kafkajs's options that an endpoint's security decides. */
export function secured({ security }: KafkaEndpoint): Pick<KafkaConfig, 'sasl' | 'socketFactory'> {
  if (security === undefined) return {};
  const { tls, login, names } = security;
  return {
    ...(tls === undefined ? {} : { socketFactory: tlsSockets(tls, names) }),
    ...(login === undefined ? {} : { sasl: mechanismOf(login) }),
  };
}

/** Milliseconds until a silent connection is probed, as in kafkajs's own factory. */
const KEEP_ALIVE_MS = 60_000;

const tlsSockets =
  (tls: NonNullable<KafkaSecurity['tls']>, names: TlsNames): ISocketFactory =>
  ({ host, port, onConnect }) => {
    const address = `${host}:${port}`;
    let socket;
    try {
      const { ca, cert, key } = tls;
      const servername = isIP(host) === 0 ? { servername: host } : {};
      const pems = { ca: ca?.read(), cert: cert?.read(), key: key?.read() };
      // Named, because NODE_TLS_REJECT_UNAUTHORIZED would change the default.
      socket = connect({ host, port, ...servername, ...pems, rejectUnauthorized: true }, onConnect);
    } catch (error) {
      // kafkajs hears of an error that comes from the socket only.
      return new Socket().destroy(inWords(error as NodeJS.ErrnoException, address, names));
    }
    let secure = false;
    let reached = false;
    socket.once('connect', () => (reached = true)).once('secureConnect', () => (secure = true));
    // This listener comes before that of kafkajs.
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const cutOff = error.code === 'ECONNRESET' && reached && !secure;
      inWords(error, address, names, cutOff ? 'protocol' : undefined);
    });
    return socket.setKeepAlive(true, KEEP_ALIVE_MS);
  };

/** Puts a failure of TLS into words, as the message of its error. */
function inWords(
  error: NodeJS.ErrnoException,
  address: string,
  names: TlsNames,
  failure = tlsFailureOf(error.code),
): NodeJS.ErrnoException {
  if (failure !== undefined) error.message = tlsSentence(failure, address, names, error);
  return error;
}

const MECHANISMS = { PLAIN: plain, 'SCRAM-SHA-256': scram256, 'SCRAM-SHA-512': scram512, OAUTHBEARER: oauthBearer };

/** Credentials are what kafkajs's own mechanism takes, and the words for a refusal of them. */
interface Credentials {
  readonly given: object;
  readonly words: string;
  readonly refused?: () => void;
}

function mechanismOf(login: KafkaLogin): Mechanism {
  const read = credentialsOf(login);
  const { mechanism } = login;
  return {
    mechanism,
    authenticationProvider: (args) => ({
      async authenticate() {
        const broker = `${args.host}:${args.port}`;
        const noLogin = (error: unknown): Error => {
          const message = error instanceof Error ? error.message : String(error);
          return new kafkajs.KafkaJSConnectionError(`no login at ${broker}: ${message}`, { broker });
        };
        const { given, words, refused } = await read().catch((error: unknown) => {
          throw noLogin(error);
        });
        const met: { failure?: unknown } = {};
        try {
          await MECHANISMS[mechanism](given)({ ...args, saslAuthenticate: exchangesOf(args, met) }).authenticate();
        } catch (error) {
          // kafkajs calls each failure a refusal, also that of the connection.
          if (met.failure instanceof kafkajs.KafkaJSConnectionError) throw met.failure;
          // A broker that does not answer in time has refused nothing.
          if (met.failure instanceof kafkajs.KafkaJSRequestTimeoutError) throw noLogin(met.failure);
          refused?.();
          await closedBy(args);
          if (error instanceof Error) error.message = `${broker} refuses ${words}`;
          throw error;
        }
      },
    }),
  };
}

function credentialsOf(login: KafkaLogin): () => Promise<Credentials> {
  if (login.mechanism !== 'OAUTHBEARER') {
    const { username, password } = login;
    const words = `the password of user ${username} (${password.source})`;
    return async () => ({ given: { username, password: await password.read() }, words });
  }
  const tokens = 'url' in login.token ? tokensOf(login.token) : login.token;
  const words = `the token (${login.token.source})`;
  return async () => {
    const value = await tokens.read();
    const given = { oauthBearerProvider: () => Promise.resolve({ value }) };
    return { given, words, ...('forget' in tokens ? { refused: () => tokens.forget() } : {}) };
  };
}

/** kafkajs hands over what a broker has said behind its length. */
const LENGTH_BYTES = 4;
/** The client's answer to a refusal of a token, as a request of SASL (RFC 7628, section 3.2.3). */
const ACKNOWLEDGED = { request: { encode: () => Buffer.from([0, 0, 0, 1, 1]) } };

/**
 * Waits until a broker that has refused a login has closed the connection, which ends one more exchange. Nobody else
 * may use the connection until then. Otherwise the next caller asks on it, and hears of a closed connection. To have
 * kafkajs close it, by the type ILLEGAL_SASL_STATE, is worse: that caller's request is never answered nor timed out.
 */
async function closedBy({ saslAuthenticate }: AuthenticationProviderArgs): Promise<void> {
  await saslAuthenticate(ACKNOWLEDGED).catch(() => undefined);
  // kafkajs ends its side in the turns of the event loop that follow.
  await setImmediate();
}

/**
 * Returns the exchange with a broker that a mechanism uses. A broker that refuses a token says why, and closes the
 * connection when the client has acknowledged that. kafkajs would take the reason for a success.
 * @param met gets the failure, of which kafkajs keeps the text only.
 */
const exchangesOf =
  ({ saslAuthenticate }: AuthenticationProviderArgs, met: { failure?: unknown }): typeof saslAuthenticate =>
  async (exchange) => {
    try {
      if (exchange.response !== undefined) return await saslAuthenticate(exchange);
      const response = { decode: (raw: Buffer) => raw, parse: (raw: Buffer) => raw };
      const reason = await saslAuthenticate({ ...exchange, response });
      if (Buffer.isBuffer(reason) && reason.length > LENGTH_BYTES) await saslAuthenticate(ACKNOWLEDGED);
      return undefined;
    } catch (error) {
      met.failure = error;
      throw error;
    }
  };
