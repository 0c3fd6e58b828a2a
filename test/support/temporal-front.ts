/**
 * A front is a gRPC proxy before the Temporal server of the run: with mutual TLS, with API keys, or
 * without the right to administer. Temporal Cloud has all of them. The front hands frames and trailers through.
 */
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  createSecureServer,
  createServer,
  type IncomingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';

/** gRPC status codes. */
export const PERMISSION_DENIED = 7;
export const UNIMPLEMENTED = 12;
export const UNAUTHENTICATED = 16;

export interface FrontOptions {
  /** TLS as Node's servers take it; default: none. */
  readonly tls?: SecureServerOptions;
  /** Returns the gRPC status with which a request is refused; null lets it through. */
  readonly refuse?: (path: string, headers: IncomingHttpHeaders) => number | null;
}

export interface Front {
  /** The address as host:port. */
  readonly address: string;
  /** The number of requests that were let through. */
  readonly passed: number;
  /** Takes client certificates of other authorities from now on, as PEM. Connections that are open stay. */
  trust(authorities: string): void;
  /** Ends all connections; clients connect again. */
  cut(): void;
  close(): Promise<void>;
}

/** @param target the address of the server behind, host:port. */
export async function temporalFront(target: string, { tls, refuse = () => null }: FrontOptions): Promise<Front> {
  const secured = tls === undefined ? null : createSecureServer({ ...tls, ALPNProtocols: ['h2'] });
  const server = secured ?? createServer();
  const sessions = new Set<ServerHttp2Session>();
  const behind = new Set<ClientHttp2Session>();
  let upstream: ClientHttp2Session | undefined;
  let passed = 0;
  const upstreamNow = (): ClientHttp2Session => {
    if (upstream === undefined || upstream.closed || upstream.destroyed) {
      upstream = connect(`http://${target}`);
      const made = upstream;
      behind.add(made);
      made.on('error', () => undefined).on('close', () => behind.delete(made));
    }
    return upstream;
  };
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined).on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => undefined);
    const code = refuse(headers[':path'] ?? '', headers);
    if (code === null) {
      passed += 1;
      pass(stream, headers, upstreamNow());
      return;
    }
    const message = 'Request unauthorized.';
    const fields = { 'content-type': 'application/grpc', 'grpc-status': String(code), 'grpc-message': message };
    stream.respond({ ':status': 200, ...fields }, { endStream: true });
    stream.resume();
  });
  server.on('sessionError', () => undefined).on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const session of sessions) session.destroy();
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get passed() {
      return passed;
    },
    trust(ca) {
      secured?.setSecureContext({ cert: tls?.cert, key: tls?.key, ca });
    },
    cut,
    async close() {
      const closed = once(server, 'close');
      server.close();
      cut();
      for (const session of behind) session.destroy();
      await closed;
    },
  };
}

/** Hands one request to the server behind, and its answer with the trailers back. */
function pass(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, upstream: ClientHttp2Session): void {
  const { ':authority': _authority, ':scheme': _scheme, connection: _connection, ...rest } = headers;
  const request = upstream.request({ ...rest, ':scheme': 'http' });
  let trailers: IncomingHttpHeaders = {};
  request.on('response', (answer, flags: number) => {
    if (stream.destroyed) return;
    // A refusal is one frame of headers, without trailers.
    const isWhole = (flags & 1) !== 0;
    stream.respond(answer, isWhole ? { endStream: true } : { waitForTrailers: true });
    if (isWhole) return;
    stream.on('wantTrailers', () => {
      stream.sendTrailers(trailers);
    });
    request.pipe(stream);
  });
  request.on('trailers', (found: IncomingHttpHeaders) => {
    trailers = found;
  });
  request.on('error', () => stream.destroy());
  stream.on('close', () => request.close());
  stream.pipe(request);
}
