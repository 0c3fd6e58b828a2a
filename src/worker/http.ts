/**
 * This module serves /health (is the process alive), /ready (does it take work) and /metrics of a worker. The first
 * two are for a platform, which has no token; whatever else there is asks for one where one is set.
 */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Config, ConfigError } from '../config.js';
import { isBearer, type Secret, secretOf } from '../secret.js';
import { createTlsServer } from './https.js';

/** A check says whether one thing is well, with the reason in `detail`. */
export interface Check {
  readonly ok: boolean;
  readonly detail: string;
}

type Checks = Readonly<Record<string, Check>>;

/**
 * The readiness of a process is whether it takes work. Its dependencies do not count, because a roll-out that waits for
 * Kafka would stall for as long as Kafka is down.
 */
export interface Readiness {
  readonly process: Checks;
  readonly dependencies: Checks;
}

export interface HttpSources {
  /** Says that the process is alive, as long as the event loop turns and the worker has not failed. */
  health(): Check;
  ready(): Promise<Readiness>;
  /** Returns the metrics as Prometheus text. */
  metrics(): Promise<string>;
}

export interface HttpEndpoint {
  readonly port: number;
  close(): Promise<void>;
}

/** HTTP settings say where the server listens, and how it is asked. */
export type HttpSettings = Pick<
  Config,
  'HOST' | 'PORT' | 'HTTP_TLS_CERT' | 'HTTP_TLS_KEY' | 'HTTP_TOKEN' | 'HTTP_TOKEN_FILE'
>;

/** @throws ConfigError naming the setting that cannot be used. */
export async function serveHttp(settings: HttpSettings, sources: HttpSources): Promise<HttpEndpoint> {
  const token = secretOf('HTTP_TOKEN', settings);
  const listener: RequestListener = (request, response) => {
    // `new URL` would throw on what any client may send, such as `//`.
    const [path = '/', query = ''] = (request.url ?? '/').split('?');
    const isStrict = new URLSearchParams(query).has('strict');
    respond(path, isStrict, request.headers.authorization, token, sources).then(
      ({ status, type, body }) => {
        const asks = status === 401 ? { 'www-authenticate': 'Bearer' } : {};
        response.writeHead(status, { 'content-type': type, ...asks }).end(body);
      },
      (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : 'internal error'),
    );
  };
  const server = createTlsServer(settings, listener) ?? createServer(listener);
  await listen(server, settings);
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function listen(server: Server, { HOST: host, PORT: port }: HttpSettings): Promise<void> {
  server.listen({ port, ...(host === undefined ? {} : { host }) });
  try {
    // `once` rejects on 'error', so that a port which is taken is reported at the start.
    await once(server, 'listening');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EADDRINUSE')
      throw new ConfigError(`PORT: expected a free port, got ${port}, which another process has`, { cause: error });
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new ConfigError(`HOST: expected an address of this machine, got ${host ?? 'none'}`, { cause: error });
    throw error;
  }
}

const areWell = (checks: Checks): boolean => Object.values(checks).every((check) => check.ok);

/** The paths of probes. They tell whether a process is well, and nothing of what it works with. */
const PROBES = ['/health', '/ready'];

async function respond(
  path: string,
  isStrict: boolean,
  authorization: string | undefined,
  token: Secret | undefined,
  sources: HttpSources,
) {
  const json = (status: number, body: unknown) => ({
    status,
    type: 'application/json',
    body: `${JSON.stringify(body)}\n`,
  });
  // A token that cannot be read is nobody's, and keeps no probe from its answer.
  const isKnown = token === undefined || (await isBearer(authorization, token).catch(() => false));
  if (!isKnown && !PROBES.includes(path))
    return json(401, { error: `expected the header "Authorization: Bearer TOKEN" with the token of ${token.source}` });
  switch (path) {
    case '/health': {
      const check = sources.health();
      return json(check.ok ? 200 : 503, check);
    }
    case '/ready': {
      const { process, dependencies } = await sources.ready();
      const checks = { ...process, ...dependencies };
      const ok = areWell(isStrict ? checks : process);
      const shown = isKnown
        ? checks
        : Object.fromEntries(Object.entries(checks).map(([name, one]) => [name, { ok: one.ok }]));
      return json(ok ? 200 : 503, { ok, dependencies_ok: areWell(dependencies), checks: shown });
    }
    case '/metrics':
      return { status: 200, type: 'text/plain; version=0.0.4', body: await sources.metrics() };
    default:
      return json(404, { error: 'expected /health, /ready or /metrics' });
  }
}
