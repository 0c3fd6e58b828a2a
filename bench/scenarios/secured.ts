/**
 * This bench states what encryption costs lists of 20 with 50 callers: payloads by the codec, connections by TLS, both.
 * All go to the same servers in turns, and Temporal is behind the same proxy, with TLS or without.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stackOptions } from '../../src/cli/context.js';
import { loadConfig } from '../../src/config.js';
import { type SecuredKafka, startSecuredKafka, USER } from '../../test/support/secured-kafka.js';
import { byScram } from '../../test/support/secured-login.js';
import { type SecuredPostgres, startSecuredPostgres } from '../../test/support/secured-postgres.js';
import type { FrontMessage } from '../processes/front.js';
import { execute, type Installation, withServers } from '../support/installation.js';
import { mixed } from '../support/lists.js';
import { load, type LoadResult, median } from '../support/load.js';

/** Turns that each way takes. */
const TURNS = 5;
const CALLERS = 50;
const LISTS = 200;
const SIZE = 20;

type Servers = NodeJS.ProcessEnv & { readonly DATABASE_URL: string };

/** A turn is the load of one way, with the worker's CPU milliseconds for each list. */
interface Turn extends LoadResult {
  readonly cpu: number;
}

export async function securedBench({ out, env }: Installation): Promise<void> {
  const kafka = await startSecuredKafka(stackOptions(loadConfig()).cacheDir);
  const postgres = await startSecuredPostgres({ alsoPlain: true });
  const fronts: ChildProcess[] = [];
  try {
    await kafka.allow(`User:${USER}`, 'TOPIC', 'bench_', 'ALL');
    const { client, server, ca } = postgres.certificates;
    const front = async (...files: string[]): Promise<string> => {
      const child = fork(
        fileURLToPath(new URL('../processes/front.ts', import.meta.url)),
        [env['TEMPORAL_ADDRESS'] ?? '', ...files],
        {
          execArgv: ['--import', 'tsx'],
        },
      );
      fronts.push(child);
      const [message] = (await once(child, 'message')) as [FrontMessage];
      return message.address;
    };
    const plain = { ...plainServers(kafka, postgres), TEMPORAL_ADDRESS: await front() };
    const tls = {
      ...tlsServers(kafka, postgres),
      TEMPORAL_ADDRESS: await front(server.certFile, server.keyFile, ca.certFile),
      TEMPORAL_TLS_SERVER_NAME: 'localhost',
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: ca.certFile,
      TEMPORAL_TLS_CLIENT_CERT_PATH: client.certFile,
      TEMPORAL_TLS_CLIENT_KEY_PATH: client.keyFile,
    };
    const keys = join(postgres.folder, 'keys');
    await writeFile(keys, `bench ${Buffer.alloc(32, 7).toString('base64')}\n`);
    const codec = { PAYLOAD_KEYS_FILE: keys };
    const ways = { plain, codec: { ...plain, ...codec }, TLS: tls, 'codec and TLS': { ...tls, ...codec } };
    await withAll(out, Object.entries(ways), [], async (installations) => {
      show(out, await measure(out, installations));
    });
  } finally {
    for (const child of fronts) child.disconnect();
    await Promise.all([kafka.remove(), postgres.stop()]);
  }
}

const plainServers = (kafka: SecuredKafka, postgres: SecuredPostgres): Servers => ({
  DATABASE_URL: postgres.url('postgres'),
  KAFKA_BOOTSTRAP_SERVERS: kafka.plaintext,
});

const tlsServers = (kafka: SecuredKafka, postgres: SecuredPostgres): Servers => ({
  ...byScram(kafka),
  DATABASE_URL: postgres.url('postgres'),
  PGSSLMODE: 'verify-full',
  PGSSLROOTCERT: postgres.certificates.ca.certFile,
});

type Named = readonly [name: string, installation: Installation];

/** Opens an installation for each of the ways, one within the other. */
async function withAll(
  out: Installation['out'],
  [first, ...rest]: readonly (readonly [string, Servers])[],
  open: readonly Named[],
  use: (installations: readonly Named[]) => Promise<void>,
): Promise<void> {
  if (first === undefined) return use(open);
  const [name, servers] = first;
  await withServers(out, servers, (one) => withAll(out, rest, [...open, [name, one]], use));
}

async function measure(out: Installation['out'], ways: readonly Named[]): Promise<Record<string, Turn[]>> {
  const turns: Record<string, Turn[]> = {};
  for (let turn = 1; turn <= TURNS; turn += 1) {
    for (const [name, installation] of ways) {
      out.note(`${name}: turn ${turn} of ${TURNS}`);
      const call = () => execute(installation, mixed(SIZE));
      await load(CALLERS, CALLERS, call, 0);
      const before = (await installation.worker.usage()).cpuSeconds;
      const result = await load(CALLERS, LISTS, call, 0);
      const seconds = (await installation.worker.usage()).cpuSeconds - before;
      (turns[name] ??= []).push({ ...result, cpu: (seconds * 1_000) / LISTS });
    }
  }
  return turns;
}

function show(out: Installation['out'], turns: Readonly<Record<string, readonly Turn[]>>): void {
  const figures = Object.entries(turns).map(([way, all]) => {
    const { p50, p95, callsPerSecond } = median(all);
    const cpu = all.map((turn) => turn.cpu).sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? NaN;
    return { way, p50, p95, lists_per_second: callsPerSecond, cpu_ms_per_list: cpu };
  });
  out.record(figures);
  const [plain] = figures;
  const ratio = (value: number, of: number | undefined): string => (value / (of ?? NaN)).toFixed(2);
  out.table(
    ['lists of 20, 50 callers', 'p50 ms', 'p95', 'lists/s', 'x plain', "worker's CPU ms a list", 'x plain'],
    figures.map((one) => [
      one.way,
      ...[one.p50, one.p95].map((value) => value.toFixed(0)),
      one.lists_per_second.toFixed(1),
      ratio(one.lists_per_second, plain?.lists_per_second),
      one.cpu_ms_per_list.toFixed(1),
      ratio(one.cpu_ms_per_list, plain?.cpu_ms_per_list),
    ]),
  );
}
