/** This service is a PostgreSQL server on loopback. */
import { join } from 'node:path';
import { ensureDatabase } from '../../postgres/schema/database.js';
import { postgresBinaries } from './postgres-binaries.js';
import { clearStalePid, initialise, postgresDataDir } from './postgres-data.js';
import { postgresUser } from './postgres-user.js';
import { LOOPBACK, portOf, type NativeService } from './service.js';

export const DEFAULT_DATABASE = 'omninode_bridge';
const DEFAULT_ROOT_DIR = '/var/lib/bridge-store-effect';

/** The settings that differ from the defaults. Durability is left as it is: the tests kill servers and count rows. */
export const SETTINGS = {
  listen_addresses: LOOPBACK,
  // Clients come by TCP; a socket's folder would be one more thing to own and to clean.
  unix_socket_directories: '',
  // Several workers, test files and the command line connect at once, each with its pool.
  max_connections: '400',
  shared_buffers: '256MB',
};

export const postgresService: NativeService<'postgres'> = {
  name: 'postgres',
  // The port number is not 5432: a PostgreSQL of the system, started at the next boot, would fail on it.
  ports: { postgres: 15432 },
  // SIGINT ends sessions and shuts down; SIGTERM would wait for every client to leave.
  stopSignal: 'SIGINT',
  endpoint: (ports, { database = DEFAULT_DATABASE }) => ({
    url: `postgres://postgres@${LOOPBACK}:${portOf(ports, 'postgres')}/${encodeURIComponent(database)}`,
  }),
  complete: ensureDatabase,
  async prepare({ options, run, reporter }) {
    const { stateDir, rootDir = DEFAULT_ROOT_DIR } = options;
    const user = await postgresUser(run);
    const bin = await postgresBinaries(run, user, rootDir);
    const dataDir = await postgresDataDir(run, user, stateDir, rootDir);
    return {
      dataDir,
      async command(ports) {
        await reporter.during('postgres', 'starting', 'initialising the data folder', () =>
          initialise(run, user, bin, dataDir),
        );
        await clearStalePid(run, dataDir);
        const settings = Object.entries({ ...SETTINGS, port: String(portOf(ports, 'postgres')) });
        const args = ['-D', dataDir, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])];
        return { command: join(bin, 'postgres'), args, user };
      },
    };
  },
};
