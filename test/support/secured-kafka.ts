/**
 * This module starts a Kafka broker with TLS, logins and ACLs, natively and in a folder of its own. Listeners: SASL_SSL
 * for SCRAM-SHA-512, PLAIN and OAUTHBEARER, SSL for client certificates, PLAINTEXT for the administrator of the tests.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import kafkajs, { type Admin, Kafka, logLevel } from 'kafkajs';
import { fetchKafka, kafkaClassPath } from '../../src/stack/native/kafka-jars.js';
import { runCommand } from '../../src/stack/process/run.js';
import { createReporter } from '../../src/stack/progress.js';
import { until } from '../../src/flow-control/until.js';
import { type Certificate, Certificates } from './certificates.js';
import { freePort } from './free-port.js';
import { switchableServer } from './switchable-server.js';

/** The user that has logins of both kinds, and its passwords. The broker knows it as `User:bridge`. */
export const USER = 'bridge';
export const PASSWORDS = { scram: 'scram-secret', plain: 'plain-secret' };

export interface SecuredKafka {
  /** A folder for files of the test, which goes with the broker. */
  readonly folder: string;
  /** host:port of each listener. */
  readonly saslSsl: string;
  readonly ssl: string;
  /** Listeners as `ssl` whose certificates have expired, and are for another host. */
  readonly expired: string;
  readonly elsewhere: string;
  readonly plaintext: string;
  readonly authority: Certificate;
  /** The certificate of `User:CN=client`. */
  readonly client: Certificate;
  /** Cuts all connections to `saslSsl`; new ones are taken. */
  cut(): Promise<void>;
  setScramPassword(user: string, password: string): Promise<void>;
  /** Allows an operation on all resources whose names begin so. */
  allow(principal: string, type: 'TOPIC' | 'GROUP', prefix: string, operation: Operation): Promise<void>;
  withAdmin<T>(ask: (admin: Admin) => Promise<T>): Promise<T>;
  remove(): Promise<void>;
}

type Operation = 'READ' | 'WRITE' | 'DESCRIBE' | 'CREATE' | 'ALL';

const CLUSTER_ID = 'YnJpZGdlLXN0b3JlLWVmZg';
const JVM = ['-Xms96m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Djava.awt.headless=true'];
const JAVA = 'java';
const START_MS = 60_000;

/** @param cacheDir the stack's cache; Kafka's jars are fetched into it when they are not there. */
export async function startSecuredKafka(cacheDir: string): Promise<SecuredKafka> {
  await fetchKafka(cacheDir, { run: runCommand, reporter: createReporter(undefined) });
  const folder = await mkdtemp(join(tmpdir(), 'bridge-secured-kafka-'));
  const certificates = new Certificates(folder);
  const authority = certificates.authority('authority');
  const client = certificates.issue(authority, 'client');
  const stores = {
    broker: certificates.issue(authority, 'broker'),
    expired: certificates.issue(authority, 'expired', { expired: true }),
    elsewhere: certificates.issue(authority, 'elsewhere', { names: ['elsewhere'] }),
  };
  const ports = await portsOf();
  const front = await switchableServer(`127.0.0.1:${ports.sasl}`);
  const config = join(folder, 'server.properties');
  for (const [name, { key, cert }] of Object.entries(stores)) {
    await writeFile(storeOf(folder, name), key + cert);
  }
  await writeFile(config, propertiesOf(folder, ports, front.address, authority));
  await chmod(config, 0o600);
  const java = [...JVM, '-cp', kafkaClassPath(cacheDir)];
  const run = (...args: string[]) =>
    promisify(execFile)(JAVA, [...java, '-Dorg.apache.logging.log4j.level=OFF', ...args]);
  const scram = `SCRAM-SHA-512=[name=${USER},iterations=4096,password=${PASSWORDS.scram}]`;
  await run('kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', config, '--add-scram', scram);
  await front.on();
  const broker = spawn(JAVA, [...java, 'kafka.Kafka', config], { stdio: ['ignore', 'pipe', 'pipe'] });
  const log = createWriteStream(join(folder, 'broker.log'));
  broker.stdout.pipe(log);
  broker.stderr.pipe(log);
  const at = (port: number): string => `127.0.0.1:${port}`;
  const brokers = [at(ports.plaintext)];
  const withAdmin = async <T>(ask: (admin: Admin) => Promise<T>): Promise<T> => {
    const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 0 } }).admin();
    try {
      await admin.connect();
      return await ask(admin);
    } finally {
      await admin.disconnect();
    }
  };
  const remove = async (): Promise<void> => {
    await front.off();
    await stop(broker);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await until(START_MS, () => withAdmin((admin) => admin.describeCluster()));
  } catch (error) {
    const text = await readFile(join(folder, 'broker.log'), 'utf8');
    await remove();
    throw new Error(`the secured broker does not answer:\n${text.slice(-4_000)}`, { cause: error });
  }
  return {
    folder,
    saslSsl: front.address,
    ssl: at(ports.ssl),
    expired: at(ports.expired),
    elsewhere: at(ports.elsewhere),
    plaintext: brokers[0]!,
    authority,
    client,
    async cut() {
      await front.off();
      await front.on();
    },
    async setScramPassword(user, password) {
      const change = ['--alter', '--add-config', `SCRAM-SHA-512=[iterations=4096,password=${password}]`];
      const of = ['--bootstrap-server', brokers[0]!, '--entity-type', 'users', '--entity-name', user];
      await run('kafka.admin.ConfigCommand', ...change, ...of);
    },
    allow: (principal, type, prefix, operation) =>
      withAdmin(async (admin) => {
        const { AclResourceTypes, AclOperationTypes, AclPermissionTypes, ResourcePatternTypes } = kafkajs;
        const acl = {
          principal,
          host: '*',
          resourceType: AclResourceTypes[type],
          resourceName: prefix,
          resourcePatternType: ResourcePatternTypes.PREFIXED,
          operation: AclOperationTypes[operation],
          permissionType: AclPermissionTypes.ALLOW,
        };
        await admin.createAcls({ acl: [acl] });
        // The broker's own copy of the rights follows that of the controller, later on a busy machine.
        await until(10_000, async () => assert.equal((await admin.describeAcls(acl)).resources.length, 1));
      }),
    withAdmin,
    remove,
  };
}

async function stop(broker: ChildProcess): Promise<void> {
  if (broker.exitCode !== null || broker.signalCode !== null) return;
  const gone = once(broker, 'exit');
  // Nothing on this broker is worth an orderly end.
  broker.kill('SIGKILL');
  await gone;
}

async function portsOf() {
  const [sasl, ssl, expired] = [await freePort(), await freePort(), await freePort()];
  const [elsewhere, plaintext, controller] = [await freePort(), await freePort(), await freePort()];
  return { sasl, ssl, expired, elsewhere, plaintext, controller };
}

const storeOf = (folder: string, name: string): string => join(folder, `${name}-store.pem`);

/** @param front the address by which clients reach the listener SASL_SSL, which can be cut. */
function propertiesOf(
  folder: string,
  ports: Awaited<ReturnType<typeof portsOf>>,
  front: string,
  authority: Certificate,
): string {
  const module = (name: string, options: string) => `org.apache.kafka.common.security.${name} required ${options};`;
  const listener = (name: string, port: number) => `${name}://127.0.0.1:${port}`;
  const others = [
    listener('SSL', ports.ssl),
    listener('EXPIRED', ports.expired),
    listener('ELSEWHERE', ports.elsewhere),
    listener('PLAINTEXT', ports.plaintext),
  ];
  const sasl = 'listener.name.sasl_ssl';
  const properties: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${ports.controller}`,
    listeners: [listener('SASL_SSL', ports.sasl), ...others, listener('CONTROLLER', ports.controller)].join(),
    'advertised.listeners': [`SASL_SSL://${front}`, ...others].join(),
    'listener.security.protocol.map':
      'SASL_SSL:SASL_SSL,SSL:SSL,EXPIRED:SSL,ELSEWHERE:SSL,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': join(folder, 'log'),
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    // The tests alone know the listener that wants no login.
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': storeOf(folder, 'broker'),
    'listener.name.expired.ssl.keystore.location': storeOf(folder, 'expired'),
    'listener.name.elsewhere.ssl.keystore.location': storeOf(folder, 'elsewhere'),
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': authority.certFile,
    'listener.name.ssl.ssl.client.auth': 'required',
    'sasl.enabled.mechanisms': 'SCRAM-SHA-512,PLAIN,OAUTHBEARER',
    [`${sasl}.scram-sha-512.sasl.jaas.config`]: module('scram.ScramLoginModule', ''),
    [`${sasl}.plain.sasl.jaas.config`]: module('plain.PlainLoginModule', `user_${USER}="${PASSWORDS.plain}"`),
    [`${sasl}.oauthbearer.sasl.jaas.config`]: module(
      'oauthbearer.OAuthBearerLoginModule',
      'unsecuredLoginStringClaim_sub="unused"',
    ),
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** Returns an unsecured token (JWS without a signature) for a user, as the broker of the tests takes it. */
export function tokenFor(user: string, seconds = 3_600): string {
  const now = Math.floor(Date.now() / 1_000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ sub: user, iat: now - 60, exp: now + seconds })}.`;
}
