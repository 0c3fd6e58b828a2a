/**
 * This module starts PgBouncer in transaction mode, with TLS on both sides. The program is the system's, or Debian's
 * package in the user's cache folder: nothing is installed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { until } from '../../src/flow-control/until.js';
import { runCommand } from '../../src/stack/process/run.js';
import { debianPackage } from './debian-package.js';
import { freePort } from './free-port.js';
import { handOver, type SecuredPostgres } from './secured-postgres.js';

/** The tests of poolers are left out where this variable says so, and nowhere else. */
export const WITHOUT_PGBOUNCER = process.env['TEST_PGBOUNCER'] === 'no';

export interface PgBouncer {
  readonly port: number;
  url(database: string, user: string, password: string): string;
  stop(): Promise<void>;
}

interface Program {
  readonly command: string;
  /** Folder of its libraries. */
  readonly libraries?: string;
}

/** @param passwords by the user. */
export async function startPgBouncer(
  server: SecuredPostgres,
  passwords: Readonly<Record<string, string>>,
  cacheDir: string,
): Promise<PgBouncer> {
  const folder = join(server.folder, 'pgbouncer');
  await mkdir(folder);
  const { command, libraries } = await programIn(folder, cacheDir);
  const port = await freePort();
  const { ca, server: shown } = server.certificates;
  const [users, key] = [join(folder, 'users.txt'), join(folder, 'server.key')];
  await cp(shown.keyFile, key);
  await writeFile(
    users,
    Object.entries(passwords)
      .map(([name, password]) => `"${name}" "${password}"\n`)
      .join(''),
  );
  await writeFile(
    join(folder, 'pgbouncer.ini'),
    `[databases]
* = host=localhost port=${server.port}
[pgbouncer]
listen_addr = localhost
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = transaction
default_pool_size = 10
client_tls_sslmode = require
client_tls_cert_file = ${shown.certFile}
client_tls_key_file = ${key}
server_tls_sslmode = verify-full
server_tls_ca_file = ${ca.certFile}
`,
  );
  await handOver(server.user, folder, users, key);
  // PgBouncer refuses to run as root.
  const env = { ...process.env, ...(libraries === undefined ? {} : { LD_LIBRARY_PATH: libraries }) };
  const child = spawn(command, ['-q', join(folder, 'pgbouncer.ini')], {
    stdio: 'ignore',
    cwd: '/',
    env,
    ...server.user,
  });
  await until(10_000, async () => {
    const socket = connect(port, 'localhost');
    await once(socket, 'connect').finally(() => socket.destroy());
  });
  return {
    port,
    url: (database, user, password) => `postgres://${user}:${password}@localhost:${port}/${database}`,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Finds the program. The package is copied into `folder`, because the server's user may not reach the cache. */
async function programIn(folder: string, cacheDir: string): Promise<Program> {
  if ((await runCommand('pgbouncer', ['--version'])).code === 0) return { command: 'pgbouncer' };
  const packages = await debianPackage('pgbouncer', cacheDir, {
    libraries: /^lib(event|c-?ares)/,
    otherwise: 'TEST_PGBOUNCER=no leaves its tests out',
  });
  await cp(packages, join(folder, 'package'), { recursive: true, verbatimSymlinks: true });
  const lib = join(folder, 'package', 'usr', 'lib');
  const [machine = ''] = (await readdir(lib)).filter((name) => name.includes('-linux-'));
  return { command: join(folder, 'package', 'usr', 'sbin', 'pgbouncer'), libraries: join(lib, machine) };
}
