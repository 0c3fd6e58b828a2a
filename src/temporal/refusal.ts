/**
 * This module says in one sentence why a Temporal server cannot be used: TLS, a certificate, the API key, a right. The
 * SDK's two kinds of connection say it in texts of their own, or not at all. So a failure is looked into with a
 * handshake of our own, whose errors have codes.
 */
import { X509Certificate } from 'node:crypto';
import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls, type ConnectionOptions as TlsOptions, type TLSSocket } from 'node:tls';
import { EffectError } from '../domain/failures/failure.js';
import { type TlsFailure, tlsFailureOf, type TlsNames, tlsSentence } from '../domain/failures/tls-failures.js';
import type { TemporalEndpoint } from '../endpoints.js';
import { type ConnectionOptions, connectionOptions } from './credentials.js';
import { GRPC, grpcCode } from './grpc.js';

const NAMES: TlsNames = {
  host: 'TEMPORAL_TLS_SERVER_NAME',
  tls: 'TEMPORAL_TLS',
  ca: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
  cert: 'TEMPORAL_TLS_CLIENT_CERT_PATH',
  key: 'TEMPORAL_TLS_CLIENT_KEY_PATH',
};
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
    const login = apiKey?.source ?? (endpoint.tls?.clientCert === undefined ? 'TEMPORAL_API_KEY_FILE' : NAMES.cert);
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
  if (problem === null) return temporalUnavailable(`cannot be reached at ${endpoint.address}`, cause);
  // The error of the handshake has a code, and that of the SDK none.
  return temporalUnavailable(problem.sentence, problem.error ?? cause);
}

interface Problem {
  readonly sentence: string;
  readonly error?: Error | undefined;
}

/** Returns what is wrong between the server and our certificates; null when nothing is, or nobody listens. */
async function problemOf(options: ConnectionOptions): Promise<Problem | null> {
  const { address, tls } = options;
  const { hostname, port } = new URL(`tcp://${address}`);
  const server = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
  if (!(await listens(server))) return null;
  if (tls === undefined || tls === null || tls === false) {
    const end = await handshake({ ...server, rejectUnauthorized: false });
    const speaksTls = end === 'greets' || failureOf(end) === 'client';
    return speaksTls ? { sentence: `${address} wants TLS (${NAMES.tls}, or ${NAMES.ca})` } : null;
  }
  const { serverNameOverride, serverRootCACertificate: ca, clientCertPair } = tls === true ? {} : tls;
  const end = await handshake({
    ...server,
    ...servernameOf(serverNameOverride ?? server.host),
    ...(ca === undefined ? {} : { ca: Buffer.from(ca) }),
    ...(clientCertPair === undefined
      ? {}
      : { cert: Buffer.from(clientCertPair.crt), key: Buffer.from(clientCertPair.key) }),
  });
  const failure = failureOf(end);
  if (failure === undefined) return null;
  const known = failure === 'client' ? clientRefused(address, clientCertPair?.crt) : null;
  const error = end instanceof Error ? end : undefined;
  return { sentence: known ?? tlsSentence(failure, address, NAMES, error), error };
}

/** Returns the name that a handshake asks for. An IP address is compared with the certificate all the same. */
const servernameOf = (host: string) => (isIP(host) === 0 ? { servername: host } : {});

/** Returns what is known of a client certificate that is refused: it is missing, or has expired. */
function clientRefused(address: string, certificate: Uint8Array | undefined): string | null {
  if (certificate === undefined) return `${address} wants a client certificate (${NAMES.cert}, ${NAMES.key})`;
  const { validTo } = new X509Certificate(certificate);
  return Date.parse(validTo) < Date.now()
    ? `the client certificate for ${address} expired on ${validTo} (${NAMES.cert})`
    : null;
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

/** A handshake ends with the server's first word, with no word, with a closed connection or with an error. */
type End = 'greets' | 'silent' | 'closed' | (Error & { readonly code?: unknown });

/** Returns the kind of a failed handshake. Who closes it without a word has not been shown the certificate it wants. */
function failureOf(end: End): TlsFailure | undefined {
  if (end === 'closed') return 'client';
  return end instanceof Error ? tlsFailureOf(end.code) : undefined;
}

/**
 * Shakes hands until the server greets in HTTP/2, as each does at once, or ends the connection. A server refuses a
 * client certificate only after the handshake, when the client has taken it for done.
 */
const handshake = (options: TlsOptions): Promise<End> =>
  new Promise((resolve) => {
    let socket: TLSSocket | undefined;
    const end = (how: End): void => {
      socket?.destroy();
      resolve(how instanceof Error && how.code === 'ECONNRESET' ? 'closed' : how);
    };
    try {
      socket = connectTls({ ...options, ALPNProtocols: ['h2'], timeout: STEP_MS });
    } catch (error) {
      end(error as Error);
      return;
    }
    socket
      .once('data', () => end('greets'))
      .once('timeout', () => end('silent'))
      .once('end', () => end('closed'))
      .once('error', end)
      .once('close', () => end('closed'));
  });
