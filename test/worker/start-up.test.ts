/**
 * These tests check what a worker says when it cannot start. It says one sentence, and its process ends with an exit
 * code.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createLogger } from '../../src/log.js';
import { openAdapters } from '../../src/worker/compose.js';
import { createMetrics } from '../../src/worker/metrics.js';
import { bridge, BRIDGE_MAIN } from '../support/bridge.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { useDatabase } from '../postgres/support.js';

describe('a process that cannot start', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment({ worker: false });
  });
  after(() => environment.close());

  /** Asserts that a worker process ends with 3 and the sentence. It has 120 s to end (`bridge`). */
  const fails = async (env: NodeJS.ProcessEnv, sentence: string) => {
    const run = await bridge(['worker'], { ...environment.env, ...env });
    assert.deepEqual([run.code, run.stderr], [3, `bridge: ${sentence}\n`]);
  };
  const addressOf = () => environment.endpoints.temporal.address;

  it('ends with 3 when Temporal cannot be reached, and says where', () =>
    fails({ TEMPORAL_ADDRESS: '127.0.0.1:1' }, 'Temporal: cannot be reached at 127.0.0.1:1'));

  it('ends with 3 when Temporal has no such namespace', () =>
    fails(
      { TEMPORAL_NAMESPACE: 'nowhere' },
      `Temporal: ${addressOf()} has no namespace "nowhere" (TEMPORAL_NAMESPACE)`,
    ));

  it('ends at once, with 0, after a SIGTERM that comes while it starts', async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => void sockets.add(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const child = spawn(process.execPath, [BRIDGE_MAIN, 'worker'], {
      env: { ...environment.env, TEMPORAL_ADDRESS: `127.0.0.1:${port}` },
      stdio: 'ignore',
    });
    try {
      await once(silent, 'connection');
      child.kill('SIGTERM');
      // The process handles the signal itself, because as process 1 of a container it would not get it otherwise.
      assert.deepEqual(await once(child, 'exit'), [0, null]);
    } finally {
      child.kill('SIGKILL');
      for (const socket of sockets) socket.destroy();
      silent.close();
    }
  });

  it('doctor ends with 3 too, and says where', async () => {
    const { code, stdout } = await bridge(['doctor', '--json'], {
      ...environment.env,
      TEMPORAL_ADDRESS: '127.0.0.1:1',
    });
    assert.equal(code, 3, stdout);
    assert.match(stdout, /"check":"workers","ok":false,"detail":"Temporal: cannot be reached at 127\.0\.0\.1:1"/);
  });

  describe('a database without its tables', () => {
    const database = useDatabase({ prepare: () => Promise.resolve(), foreignRows: 'it has no tables' });

    it('makes a worker not ready, which says what to do', async () => {
      const adapters = openAdapters(
        environment.config,
        {
          temporal: { address: addressOf(), namespace: 'default', ui: null },
          postgres: { url: database.url },
          kafka: { brokers: environment.endpoints.kafka.brokers },
        },
        createLogger('silent'),
        createMetrics(),
      );
      try {
        const { postgres } = await adapters.checks();
        assert.equal(postgres?.ok, false);
        assert.match(postgres.detail, /^the database has no migration 0001_\w+ and \d+ more: run "bridge setup"$/);
      } finally {
        await adapters.close();
      }
    });
  });
});
