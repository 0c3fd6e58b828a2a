/** This module starts a Kafka broker of a test's own. A test can freeze it without taking it from the other tests. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stackOptions } from '../../src/cli/context.js';
import { loadConfig } from '../../src/config.js';
import { stackDown, stackUp } from '../../src/stack/index.js';
import { readState } from '../../src/stack/state.js';

export interface OwnBroker {
  /** host:port */
  readonly address: string;
  /** Sends SIGSTOP: the broker's sockets stay open, and it says nothing. */
  pause(): void;
  /** Sends SIGCONT. */
  resume(): void;
  remove(): Promise<void>;
}

export async function startOwnBroker(): Promise<OwnBroker> {
  const { KAFKA_BOOTSTRAP_SERVERS: _shared, ...env } = process.env;
  const stateDir = await mkdtemp(join(tmpdir(), 'bridge-broker-'));
  const options = { ...stackOptions(loadConfig(env)), stateDir, mode: 'native' as const };
  const { kafka } = await stackUp(options);
  const signal = (name: NodeJS.Signals): void => {
    const { pid } = readState(stateDir).services.kafka?.process ?? {};
    if (pid === undefined) throw new Error('the broker does not run');
    process.kill(pid, name);
  };
  return {
    address: kafka.brokers[0] ?? '',
    pause: () => {
      signal('SIGSTOP');
    },
    resume: () => {
      signal('SIGCONT');
    },
    async remove() {
      await stackDown(options);
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}
