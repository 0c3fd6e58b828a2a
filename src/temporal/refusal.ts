/**
 * This module says in one sentence why a Temporal server cannot be used: TLS, a certificate, the API key, a right. The
 * SDK's two kinds of connection say it in texts of their own, or not at all. So a failure is looked into with a
 * handshake of our own, whose errors have codes.
 */
import { X509Certificate } from 'node:crypto';
import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls, type ConnectionOptions as TlsOptions, type TLSSocket } from 'node:tls';
import { EffectError } from '../domain/failures/failure.js';
import type { TemporalEndpoint } from '../endpoints.js';
import { type ConnectionOptions, connectionOptions } from './credentials.js';
import { GRPC, grpcCode } from './grpc.js';

const CERTIFICATE = 'TEMPORAL_TLS_CLIENT_CERT_PATH';
const AUTHORITY = 'TEMPORAL_TLS_SERVER_CA_CERT_PATH';
/** Milliseconds for each of the two steps of a look at a server. */
const STEP_MS = 2_000;

export const temporalUnavailable = (message: string, cause: unknown): EffectError =>
  new EffectError('unavailable', `Temporal: ${message}`, { cause, store: 'temporal' });

/** Returns what a refused request means; any other error as it is. */
export function refusalOr(endpoint: TemporalEndpoint, error: unknown): unknown {
  const { address, namespace, apiKey } = endpoint;
  const code = error instanceof EffectError ? undefined : grpcCode(error);
  if (code === GRPC.UNAUTHENTICATED) {
    const what = apiKey === undefined ? 'wants an API key' : 'refuses the API key';
    return temporalUnavailable(`${address} ${what} (${apiKey?.source ?? 'TEMPORAL_API_KEY_FILE'})`, error);
  }
  if (code === GRPC.PERMISSION_DENIED) {
    const login = apiKey?.source ?? (endpoint.tls?.clientCert === undefined ? 'TEMPORAL_API_KEY_FILE' : CERTIFICATE);
    return temporalUnavailable(`${address} does not permit it in the namespace "${namespace}" (${login})`, error);
  }
  return error;
}

/** Returns the failure of a server that cannot be reached, or refuses us. It looks into it for 4 s at most. */
export async function unreachable(endpoint: TemporalEndpoint, cause: unknown): Promise<EffectError> {
  if (cause instanceof EffectError) return cause;
  const refusal = refusalOr(endpoint, cause);
  if (refusal instanceof EffectError) return refusal;
  const options = await connectionOptions(endpoint);
  const problem = await problemOf(options);
  return temporalUnavailable(problem ?? `cannot be reached at ${endpoint.address}`, cause);
}

/** Returns what is wrong between the server and our certificates; null when nothing is, or nobody listens. */
async function problemOf(options: ConnectionOptions): Promise<string | null> {
  const { address, tls } = options;
  const { hostname, port } = new URL(`tcp://${address}`);
  const server = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
  if (!(await listens(server))) return null;
  if (tls === undefined || tls === null || tls === false) {
    const answer = await handshake({ ...server, rejectUnauthorized: false });
    return answer === 'greets' || /^(ends|ERR_SSL_.*ALERT)/.test(answer)
      ? `${address} wants TLS (TEMPORAL_TLS, or ${AUTHORITY})`
      : null;
  }
  const { serverNameOverride, serverRootCACertificate: ca, clientCertPair } = tls === true ? {} : tls;
  const answer = await handshake({
    ...server,
    ...servernameOf(serverNameOverride ?? server.host),
    ...(ca === undefined ? {} : { ca: Buffer.from(ca) }),
    ...(clientCertPair === undefined
      ? {}
      : { cert: Buffer.from(clientCertPair.crt), key: Buffer.from(clientCertPair.key) }),
  });
  return inWords(answer, address, serverNameOverride ?? server.host, clientCertPair?.crt);
}

/** Returns the name that a handshake asks for. An IP address is compared with the certificate all the same. */
const servernameOf = (host: string) => (isIP(host) === 0 ? { servername: host } : {});

/** Says what the end of a handshake means: `greets`, `ends`, or a code of Node's or of OpenSSL's. */
function inWords(answer: string, address: string, host: string, certificate: Uint8Array | undefined): string | null {
  if (answer === 'greets') return null;
  if (answer.startsWith('ERR_OSSL'))
    return `the certificates for ${address} are no usable PEM (${CERTIFICATE}, ${AUTHORITY})`;
  if (answer === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `the certificate of ${address} is not for "${host}" (TEMPORAL_TLS_SERVER_NAME)`;
  if (answer === 'CERT_HAS_EXPIRED' || answer === 'CERT_NOT_YET_VALID')
    return `the certificate of ${address}, or its authority's, has ${answer === 'CERT_HAS_EXPIRED' ? 'expired' : 'yet to become valid'} (${AUTHORITY})`;
  if (/CERT|ISSUER|LEAF/.test(answer) && !answer.startsWith('ERR_SSL'))
    return `the certificate of ${address} comes from an authority that is not trusted (${AUTHORITY})`;
  if (answer === 'ERR_SSL_WRONG_VERSION_NUMBER' || answer === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return `${address} speaks no TLS (TEMPORAL_TLS)`;
  if (answer !== 'ends' && !answer.includes('ALERT')) return null;
  if (certificate === undefined)
    return `${address} wants a client certificate (${CERTIFICATE}, TEMPORAL_TLS_CLIENT_KEY_PATH)`;
  const { validTo } = new X509Certificate(certificate);
  return Date.parse(validTo) < Date.now()
    ? `the client certificate for ${address} expired on ${validTo} (${CERTIFICATE})`
    : `${address} refuses the client certificate (${CERTIFICATE})`;
}

const listens = (server: { readonly host: string; readonly port: number }): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectTcp({ ...server, timeout: STEP_MS });
    const end = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', end(true)).once('timeout', end(false)).once('error', end(false));
  });

/**
 * Shakes hands until the server greets in HTTP/2, as each does at once, or ends the connection. A server refuses a
 * client certificate only after the handshake, when the client has taken it for done.
 */
const handshake = (options: TlsOptions): Promise<string> =>
  new Promise((resolve) => {
    let socket: TLSSocket | undefined;
    const end = (answer: string): void => {
      socket?.destroy();
      resolve(answer);
    };
    try {
      socket = connectTls({ ...options, ALPNProtocols: ['h2'], timeout: STEP_MS });
    } catch (error) {
      end(codeOf(error));
      return;
    }
    socket
      .once('data', () => end('greets'))
      .once('timeout', () => end('silent'))
      .once('end', () => end('ends'))
      .once('error', (error) => end(codeOf(error)))
      .once('close', () => end('ends'));
  });

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code === 'ECONNRESET' ? 'ends' : code;
}
