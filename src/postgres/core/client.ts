/**
 * This module makes the driver's clients, in a pool or alone. A client's login and files are read again before it
 * connects, so that a rotation needs no restart.
 */
import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';
import type { PostgresEndpoint, PostgresTls } from '../../endpoints.js';
import { failedToConnect, toEffectError } from './sqlstate.js';

/** The driver's settings for an endpoint, for a pool or for a client. */
export interface DriverSettings {
  readonly connectionString: string;
  readonly ssl: false;
  readonly keepAlive: true;
  readonly Client: typeof pg.Client;
}

/** Returns the driver's settings for an endpoint: the one way to connect to it. */
export const driverSettings = (endpoint: PostgresEndpoint): DriverSettings => ({
  connectionString: endpoint.url,
  // The driver would read PGSSLMODE by itself.
  ssl: false,
  keepAlive: true,
  Client: endpoint.login === undefined && endpoint.tls === undefined ? pg.Client : securedClient(endpoint),
});

function securedClient({ login, tls }: PostgresEndpoint): typeof pg.Client {
  return class SecuredClient extends pg.Client {
    readonly #tls: ConnectionOptions;

    constructor(config?: pg.ClientConfig) {
      // The driver reads the options when the server has agreed to TLS, which is after they are complete.
      const options: ConnectionOptions = {};
      super({ ...config, ssl: tls === undefined ? false : options });
      this.#tls = options;
      const { connection } = this as unknown as { readonly connection: EventEmitter & { readonly stream: Duplex } };
      // Node leaves a connection open when the server's alert comes after the handshake, as it does for a client
      // certificate in TLS 1.3. The driver would keep its socket for ever, and `end` would wait for that.
      connection.once('sslconnect', () => {
        const { stream } = connection;
        stream.once('error', () => stream.destroy());
      });
    }

    override connect(): Promise<pg.Client>;
    override connect(callback: (error: Error) => void): void;
    override connect(callback?: (error: Error) => void): Promise<pg.Client> | undefined {
      const read = this.#read();
      if (callback === undefined) return read.then(() => super.connect());
      // The callback itself is handed on. It adds a listener, which has to be there before the server's next word.
      read.then(() => super.connect(callback), callback);
      return undefined;
    }

    async #read(): Promise<void> {
      const [given, options] = await Promise.all([login?.read(), tls === undefined ? {} : tlsOptions(tls)]);
      Object.assign(this.#tls, options);
      if (given === undefined) return;
      this.password = given.password;
      if (given.user === undefined) return;
      // The driver has taken the user from the URL, and has no option to take another one later.
      (this as unknown as { readonly connectionParameters: { user: string } }).connectionParameters.user = given.user;
      this.user = given.user;
    }
  };
}

async function tlsOptions({ mode, ca, cert, key }: PostgresTls): Promise<ConnectionOptions> {
  const [authorities, certificate, own] = await Promise.all([ca?.read(), cert?.read(), key?.read()]);
  return {
    // Named also where it is the default, which NODE_TLS_REJECT_UNAUTHORIZED would change.
    rejectUnauthorized: mode !== 'require',
    ...(mode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
    ...(authorities === undefined ? {} : { ca: authorities }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(own === undefined ? {} : { key: own }),
  };
}

/**
 * Runs `work` on a connection of its own, which belongs to no pool.
 * @param timeoutMs of connecting, and of each statement where it is given.
 * @throws EffectError when the server cannot be reached or refuses.
 */
export async function withClient<T>(
  endpoint: PostgresEndpoint,
  work: (client: pg.Client) => Promise<T>,
  timeoutMs?: number,
): Promise<T> {
  const { Client, ...settings } = driverSettings(endpoint);
  const client = new Client({
    ...settings,
    connectionTimeoutMillis: timeoutMs ?? 10_000,
    ...(timeoutMs === undefined ? {} : { query_timeout: timeoutMs }),
  });
  let loss: Error | undefined;
  client.on('error', (error) => (loss ??= error));
  try {
    await client.connect().catch((error: unknown) => {
      throw failedToConnect(endpoint, error);
    });
    return await work(client);
  } catch (error) {
    throw toEffectError(error, loss);
  } finally {
    await client.end().catch(() => undefined);
  }
}
