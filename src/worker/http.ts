/** This module serves /health (is the process alive), /ready (should it get work) and /metrics of a worker. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { ConfigError } from '../config.js';

/**
 * A check is one thing that a worker needs to be ready. One whose `ok` is false, with the reason in `detail`, takes the
 * worker out.
 */
export interface Check {
  readonly ok: boolean;
  readonly detail: string;
}

export interface HttpSources {
  /** Says that the process is alive, as long as the event loop turns and the worker has not failed. */
  health(): Check;
  ready(): Promise<Readonly<Record<string, Check>>>;
  /** Returns the metrics as Prometheus text. */
  metrics(): Promise<string>;
}

export interface HttpEndpoint {
  readonly port: number;
  close(): Promise<void>;
}

/** @param port 0 takes any free one. */
export async function serveHttp(port: number, sources: HttpSources): Promise<HttpEndpoint> {
  const server = createServer((request, response) => {
    // `new URL` would throw on what any client may send, such as `//`.
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    respond(path, sources).then(
      ({ status, type, body }) => response.writeHead(status, { 'content-type': type }).end(body),
      (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : 'internal error'),
    );
  });
  await listen(server, port);
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port);
  try {
    // `once` rejects on 'error', so that a port which is taken is reported at the start.
    await once(server, 'listening');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    throw new ConfigError(`PORT: expected a free port, got ${port}, which another process has`, { cause: error });
  }
}

async function respond(path: string, sources: HttpSources) {
  const json = (status: number, body: unknown) => ({
    status,
    type: 'application/json',
    body: `${JSON.stringify(body)}\n`,
  });
  switch (path) {
    case '/health': {
      const check = sources.health();
      return json(check.ok ? 200 : 503, check);
    }
    case '/ready': {
      const checks = await sources.ready();
      const ok = Object.values(checks).every((check) => check.ok);
      return json(ok ? 200 : 503, { ok, checks });
    }
    case '/metrics':
      return { status: 200, type: 'text/plain; version=0.0.4', body: await sources.metrics() };
    default:
      return json(404, { error: 'expected /health, /ready or /metrics' });
  }
}
