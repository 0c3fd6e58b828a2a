/** These servers are a chaos run's own, so that it may kill them. None of them is anybody else's. */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readState, type ServiceRecord, writeState } from '../../../src/stack/state.js';
import { kafkaService } from '../../../src/stack/native/kafka.js';
import { postgresService } from '../../../src/stack/native/postgres.js';
import type { NativeService } from '../../../src/stack/native/service.js';
import { startNative } from '../../../src/stack/native/start.js';
import { temporalService } from '../../../src/stack/native/temporal/service.js';
import { runCommand } from '../../../src/stack/process/run.js';
import { stopProcess } from '../../../src/stack/process/stop.js';
import type { Ports } from '../../../src/stack/ports.js';
import { createReporter } from '../../../src/stack/progress.js';
import type { ServiceName } from '../../../src/stack/types.js';
import { cacheDir, newStack, removeStacks } from '../../stack/support.js';
import { freePort } from '../../support/free-port.js';
import { type ProxyServer, startToxiproxy, type ToxicProxy } from './toxiproxy.js';
import type { Endpoints } from '../../../src/endpoints.js';

/**
 * Milliseconds for the last `after`. A file has up to some thousands of executions, of which 50 a second are replayed.
 */
export const END_MS = 300_000;

/** A route is a worker's way to the two stores. */
export interface Route {
  readonly postgres: ToxicProxy;
  readonly kafka: ToxicProxy;
}

export interface Servers {
  readonly endpoints: Endpoints;
  readonly routes: readonly Route[];
  /** Ends a server without a warning and waits until it is gone; `start` brings it back on the same data and port. */
  kill(name: ServiceName): Promise<void>;
  start(name: ServiceName): Promise<void>;
  stop(): Promise<void>;
}

/**
 * The signal that kills each server. SIGQUIT ends PostgreSQL at once, and it recovers from its log at the next start.
 * SIGKILL would leave its backends behind.
 */
const KILL: Record<ServiceName, NodeJS.Signals> = { temporal: 'SIGKILL', postgres: 'SIGQUIT', kafka: 'SIGKILL' };

/**
 * Gives the broker a listener for each proxy, which names the proxy, because a broker says to its clients where to go
 * on. The plain listener stays for the test itself.
 */
const behindProxies = (listeners: readonly { port: number; proxy: number }[]): NativeService<'kafka'> => ({
  ...kafkaService,
  async prepare(context) {
    const prepared = await kafkaService.prepare(context);
    return {
      ...prepared,
      async command(ports) {
        const command = await prepared.command(ports);
        const broker = `127.0.0.1:${ports['broker'] ?? 0}`;
        const named = listeners.map(({ port, proxy }, index) => ({ name: `PROXY${index}`, port, proxy }));
        const properties = {
          listeners: [
            `PLAINTEXT://${broker}`,
            `CONTROLLER://127.0.0.1:${ports['controller'] ?? 0}`,
            ...named.map(({ name, port }) => `${name}://127.0.0.1:${port}`),
          ],
          'advertised.listeners': [
            `PLAINTEXT://${broker}`,
            ...named.map(({ name, proxy }) => `${name}://127.0.0.1:${proxy}`),
          ],
          'listener.security.protocol.map': [
            'PLAINTEXT:PLAINTEXT',
            'CONTROLLER:PLAINTEXT',
            ...named.map(({ name }) => `${name}:PLAINTEXT`),
          ],
        };
        // The later line counts of a property that is given twice.
        const lines = Object.entries(properties).map(([key, values]) => `${key}=${values.join(',')}\n`);
        await appendFile(join(prepared.dataDir, 'server.properties'), lines.join(''));
        return command;
      },
    };
  },
});

/** Returns a free port number for each role. */
async function freePorts(roles: Ports): Promise<Ports> {
  const free = Object.keys(roles).map(async (role) => [role, await freePort()] as const);
  return Object.fromEntries(await Promise.all(free));
}

/** Settings of Temporal under which a version that is left is looked at every second, and not every three minutes. */
export const QUICK_DRAIN = {
  'matching.wv.VersionDrainageStatusVisibilityGracePeriod': '"1s"',
  'matching.wv.VersionDrainageStatusRefreshInterval': '"1s"',
};

/** Adds dynamic settings to those that Temporal's dev server is started with. */
const withSettings = (settings: Readonly<Record<string, string>>): NativeService<'temporal'> => ({
  ...temporalService,
  async prepare(context) {
    const prepared = await temporalService.prepare(context);
    const more = Object.entries(settings).flatMap(([key, value]) => ['--dynamic-config-value', `${key}=${value}`]);
    return {
      ...prepared,
      async command(ports) {
        const command = await prepared.command(ports);
        return { ...command, args: [...command.args, ...more] };
      },
    };
  },
});

/**
 * @param routes the number of workers that get a route of their own.
 * @param settings more dynamic settings of Temporal.
 */
export async function startServers(routes: number, settings: Readonly<Record<string, string>> = {}): Promise<Servers> {
  const options = await newStack({ durable: true });
  const context = { options, run: runCommand, reporter: createReporter(undefined) };
  const listeners: { port: number; proxy: number }[] = [];
  for (let index = 0; index < routes; index += 1) listeners.push({ port: await freePort(), proxy: await freePort() });
  // The port numbers are not the well-known ones. Another stack on the machine would take one while its server here is
  // down.
  const services = {
    temporal: { ...withSettings(settings), ports: await freePorts(temporalService.ports) },
    postgres: { ...postgresService, ports: await freePorts(postgresService.ports) },
    kafka: { ...behindProxies(listeners), ports: await freePorts(kafkaService.ports) },
  };

  const recordOf = (name: ServiceName): ServiceRecord | undefined => readState(options.stateDir).services[name];
  const start = async <Name extends ServiceName>(name: Name): Promise<Endpoints[Name]> => {
    const service = services[name] as unknown as NativeService<Name>;
    return startNative(service, context, {
      read: () => recordOf(name),
      // `removeStacks` looks in this state for the processes to end.
      write: (record) => {
        const state = readState(options.stateDir);
        state.mode = 'native';
        state.services[name] = record;
        writeState(options.stateDir, state);
      },
    });
  };
  const [temporal, postgres, kafka] = await Promise.all([start('temporal'), start('postgres'), start('kafka')]);
  const proxies: ProxyServer = await startToxiproxy(cacheDir);
  const ways: Route[] = [];
  for (const { port, proxy } of listeners) {
    ways.push({
      postgres: await proxies.proxy(new URL(postgres.url).host),
      kafka: await proxies.proxy(`127.0.0.1:${port}`, proxy),
    });
  }
  // Test code gets the addresses as the other tests do.
  process.env['TEMPORAL_ADDRESS'] = temporal.address;
  process.env['DATABASE_URL'] = postgres.url;
  process.env['KAFKA_BOOTSTRAP_SERVERS'] = kafka.brokers.join(',');
  return {
    endpoints: { temporal, postgres, kafka },
    routes: ways,
    async kill(name) {
      const running = recordOf(name)?.process;
      if (running === undefined || !(await stopProcess(running, KILL[name])))
        throw new Error(`${name} was not running`);
    },
    async start(name) {
      await start(name);
    },
    async stop() {
      proxies.stop();
      await removeStacks();
    },
  };
}
