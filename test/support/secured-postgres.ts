/**
 * This module starts a PostgreSQL server of a test's own that talks TLS only, and asks everybody for a password
 * (`scram-sha-256`). It is the embedded server, in a folder and on a port number of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { until } from '../../src/flow-control/until.js';
import { rolesSql } from '../../src/postgres/schema/roles.js';
import { postgresBinaries } from '../../src/stack/native/postgres-binaries.js';
import { postgresUser } from '../../src/stack/native/postgres-user.js';
import { runCommand, type UserIds } from '../../src/stack/process/run.js';
import { freePort } from './free-port.js';
import { type Certificate, Certificates } from './certificates.js';

export interface SecuredPostgres {
  /** The host that the server's certificate names. */
  readonly host: 'localhost';
  readonly port: number;
  /** The superuser's password. */
  readonly password: string;
  readonly certificates: ReturnType<typeof makeCertificates>;
  /** The folder of all files, which the server's user can reach. */
  readonly folder: string;
  /** The user of the server's processes; undefined: this process's own. */
  readonly user: UserIds | undefined;
  /** Returns a URL without parameters; default: of the superuser. */
  url(database: string, user?: string, password?: string): string;
  /** Creates a database with the roles that `bridge setup --print-roles` prints, which share a password. */
  createWithRoles(database: string, password: string): Promise<void>;
  /** Runs statements as the superuser, with code that is not under test. */
  admin<T extends object>(sql: string, database?: string): Promise<T[]>;
  /** Shows another certificate from now on. */
  show(certificate: Certificate): Promise<void>;
  stop(): Promise<void>;
}

/** Those with a certificate of the client have to show it, and one role may not come in at all. */
const HBA = `hostssl all with_certificate all scram-sha-256 clientcert=verify-ca
hostssl all stranger all reject
hostssl all all all scram-sha-256
`;
const ALSO_PLAIN = 'hostnossl all all all scram-sha-256\n';

const PASSWORD = 'super-secret';

/** @param options whether the server also talks without TLS. */
export async function startSecuredPostgres({ alsoPlain = false } = {}): Promise<SecuredPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'bridge-secured-'));
  await chmod(folder, 0o755);
  const user = await postgresUser(runCommand);
  const bin = await postgresBinaries(runCommand, user, join(folder, 'programs'));
  const certificates = makeCertificates(folder);
  const data = join(folder, 'data');
  await mkdir(data, { mode: 0o700 });
  await writeFile(join(folder, 'password'), PASSWORD);
  await handOver(user, data);
  const initdb = ['-D', data, '-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${join(folder, 'password')}`];
  const made = await runCommand(join(bin, 'initdb'), [...initdb, '--no-sync', '--encoding=UTF8', '--locale=C'], {
    cwd: '/',
    user,
  });
  if (made.code !== 0) throw new Error(`initdb failed:\n${made.output}`);
  const [shownCert, shownKey] = [join(data, 'shown.crt'), join(data, 'shown.key')];
  const put = async ({ certFile, keyFile }: Certificate): Promise<void> => {
    await copyFile(certFile, shownCert);
    await copyFile(keyFile, shownKey);
    await chmod(shownKey, 0o600);
    await handOver(user, shownCert, shownKey);
  };
  await put(certificates.server);
  await writeFile(join(data, 'pg_hba.conf'), alsoPlain ? HBA + ALSO_PLAIN : HBA);
  const port = await freePort();
  const settings = {
    ...{ listen_addresses: 'localhost', port, unix_socket_directories: '', max_connections: 200, fsync: 'off' },
    ...{ ssl: 'on', ssl_cert_file: shownCert, ssl_key_file: shownKey, ssl_ca_file: certificates.ca.certFile },
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(join(bin, 'postgres'), ['-D', data, ...args], { stdio: 'ignore', cwd: '/', ...user });
  const admin = async <T extends object>(sql: string, database = 'postgres'): Promise<T[]> => {
    const client = new pg.Client({
      ...{ host: 'localhost', port, user: 'postgres', password: PASSWORD, database },
      ssl: { rejectUnauthorized: false },
    });
    await client.connect();
    try {
      return (await client.query<T>(sql)).rows;
    } finally {
      await client.end();
    }
  };
  try {
    await until(30_000, () => admin('SELECT 1'));
  } catch (error) {
    await end(server, folder);
    throw error;
  }
  return {
    ...{ host: 'localhost', port, password: PASSWORD, certificates, folder, user, admin },
    url: (database, name = 'postgres', password = PASSWORD) =>
      `postgres://${name}:${encodeURIComponent(password)}@localhost:${port}/${database}`,
    async createWithRoles(database, password) {
      await admin(`CREATE DATABASE ${database}`);
      await admin(rolesSql(database), database);
      for (const role of ['bridge_worker', 'bridge_migrator']) await admin(`ALTER ROLE ${role} PASSWORD '${password}'`);
    },
    async show(certificate) {
      await put(certificate);
      await admin('SELECT pg_reload_conf()');
      await until(10_000, async () => {
        if ((await shownBy(port)).trim() !== certificate.cert.trim())
          throw new Error('the server shows the certificate of before');
      });
    },
    stop: () => end(server, folder),
  };
}

function makeCertificates(folder: string) {
  const certificates = new Certificates(folder);
  const [ca, otherCa] = [certificates.authority('ca'), certificates.authority('other-ca')];
  const names = ['localhost'];
  return {
    ca,
    /** This CA has signed nothing. */
    otherCa,
    server: certificates.issue(ca, 'server', { names }),
    expired: certificates.issue(ca, 'expired', { names, expired: true }),
    selfSigned: certificates.authority('localhost'),
    client: certificates.issue(ca, 'client'),
  };
}

/** Returns the certificate that the server shows, as PEM. */
async function shownBy(port: number): Promise<string> {
  const args = ['s_client', '-starttls', 'postgres', '-connect', `localhost:${port}`];
  const { output } = await runCommand('sh', ['-c', `openssl ${args.join(' ')} </dev/null 2>/dev/null | openssl x509`]);
  return output;
}

export async function handOver(user: UserIds | undefined, ...paths: readonly string[]): Promise<void> {
  if (user === undefined) return;
  for (const path of paths) await chown(path, user.uid, user.gid);
}

async function end(server: ChildProcess, folder: string): Promise<void> {
  if (server.exitCode === null && server.signalCode === null) {
    const ended = once(server, 'exit');
    server.kill('SIGQUIT');
    await ended;
  }
  await rm(folder, { recursive: true, force: true });
}
