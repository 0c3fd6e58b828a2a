/** A column of the matrix is an installation: database, topics, task queue, proxies and a worker process of its own. */
import { createEnvironment, type Environment } from '../../support/environment.js';
import { installHolds } from './holds.js';
import { createLogin, LOGIN } from './login.js';
import { END_MS, type Route, type Servers, startServers } from './servers.js';
import { startWorkerProcess, type WorkerProcess } from './worker-process.js';

export interface Installation {
  readonly environment: Environment;
  readonly route: Route;
  readonly worker: WorkerProcess;
  close(): Promise<void>;
}

/**
 * Milliseconds, longer than a test stops a statement. A worker gives a silent connection up 5 s later, so a blackhole
 * has to last longer than both.
 */
const STATEMENT_TIMEOUT_MS = 8_000;
export const GIVEN_UP_MS = STATEMENT_TIMEOUT_MS + 5_000;
const KAFKA_TIMEOUT_SECONDS = 5;

/**
 * Settings for the faults of a row, which last seconds. The defaults of 60 s and 30 s would only make the suite wait.
 */
export const SHORT: NodeJS.ProcessEnv = {
  PG_POOL_MIN: '2',
  PG_STATEMENT_TIMEOUT_MS: String(STATEMENT_TIMEOUT_MS),
  KAFKA_TIMEOUT_SECONDS: String(KAFKA_TIMEOUT_SECONDS),
  PG_BREAKER_OPEN_SECONDS: '2',
  KAFKA_BREAKER_OPEN_SECONDS: '2',
};

/**
 * @param settings of the worker; by default they make time-outs and breakers of a few seconds. @param options as
 * `startWorkerProcess` takes them.
 */
export async function createInstallation(
  route: Route,
  settings = SHORT,
  options?: readonly string[],
): Promise<Installation> {
  const environment = await createEnvironment({
    worker: false,
    // The histories of single lists are looked at. Tests of shared executions say so.
    share: 'never',
    except: { once: 'under faults an event is promised at least once' },
  });
  // Servers are killed under the idle connections of the test, too.
  environment.pool.on('error', () => undefined);
  await installHolds(environment.pool);
  const worker = await startWorkerBehind(environment, route, settings, options);
  return {
    environment,
    route,
    worker,
    async close() {
      await worker.kill();
      await environment.close();
    },
  };
}

/**
 * Makes servers with one installation for the tests of the enclosing `describe`. They are there from its `before` on,
 * and closed in its `after`.
 * @param settings and `options` as `createInstallation` takes them. @param prepare runs before the tests.
 */
export function useInstallation(
  settings?: NodeJS.ProcessEnv,
  prepare?: (installation: Installation) => Promise<void>,
  options?: readonly string[],
): { readonly servers: Servers; readonly installation: Installation } {
  const used = {} as { servers: Servers; installation: Installation };
  before(async function () {
    this.timeout(15 * 60_000);
    used.servers = await startServers(1);
    used.installation = await createInstallation(used.servers.routes[0]!, settings, options);
    await prepare?.(used.installation);
  });
  after(async function () {
    this.timeout(END_MS);
    try {
      await (used.installation as Installation | undefined)?.close();
    } finally {
      await (used.servers as Servers | undefined)?.stop();
    }
  });
  return used;
}

/** Starts a worker of the installation whose ways to the stores lead through `route`. */
export async function startWorkerBehind(
  { env, endpoints, pool }: Environment,
  route: Route,
  settings: NodeJS.ProcessEnv,
  options: readonly string[] = [],
  main?: string,
): Promise<WorkerProcess> {
  await createLogin(pool);
  const databaseUrl = new URL(endpoints.postgres.url);
  databaseUrl.port = String(route.postgres.port);
  databaseUrl.username = LOGIN.role;
  databaseUrl.password = LOGIN.password;
  return startWorkerProcess(
    {
      ...env,
      DATABASE_URL: databaseUrl.href,
      KAFKA_BOOTSTRAP_SERVERS: `127.0.0.1:${route.kafka.port}`,
      ...settings,
      LOG_LEVEL: 'warn',
    },
    options,
    main,
  );
}
