import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { stackDown, stackStatus, StackError, stackUp, type StackOptions } from '../../src/stack/index.js';
import { startNative } from '../../src/stack/native/start.js';
import { postgresService } from '../../src/stack/native/postgres.js';
import { identify, isAlive, type ProcessIdentity } from '../../src/stack/process/identity.js';
import { stopProcess } from '../../src/stack/process/stop.js';
import { runCommand } from '../../src/stack/process/run.js';
import { createReporter } from '../../src/stack/progress.js';
import { writeState } from '../../src/stack/state.js';
import { newStack, nothingInstalled, removeStacks } from './support.js';

describe('stack: processes', function () {
  // An initdb takes some 3 s here, and up to a minute on a machine that has other work.
  this.timeout(60_000);
  const children: ChildProcess[] = [];
  after(async () => {
    for (const child of children) child.kill('SIGKILL');
    await removeStacks();
  });

  const start = (...command: [string, ...string[]]): ProcessIdentity => {
    const child = spawn(command[0], command.slice(1), { stdio: 'ignore' });
    children.push(child);
    const identity = identify(child.pid ?? 0);
    assert.ok(identity);
    return identity;
  };
  const recorded = async (process: ProcessIdentity): Promise<StackOptions> => {
    const options = await newStack();
    writeState(options.stateDir, {
      version: 1,
      mode: 'native',
      services: { kafka: { ports: { broker: 1, controller: 2 }, process } },
    });
    return options;
  };

  it('leaves a process alone that got the pid of one of its servers', async () => {
    const { pid } = start('sleep', '60');
    const options = await recorded({ pid, started: 'some time before' });
    assert.equal((await stackStatus(options)).services.kafka.state, 'stopped');
    assert.equal((await stackDown(options)).kafka, 'not running');
    assert.notEqual(identify(pid), null);
  });

  it('ends the recorded process itself', async () => {
    const process = start('sleep', '60');
    const options = await recorded(process);
    assert.deepEqual((await stackStatus(options)).services.kafka.state, 'unreachable');
    assert.equal((await stackDown(options)).kafka, 'stopped');
    assert.equal(isAlive(process), false);
  });

  it('kills what does not heed the signal', async () => {
    const child = spawn(process.execPath, [
      '-e',
      "process.on('SIGTERM', () => {}); console.log('ready'); setInterval(() => {}, 1e3)",
    ]);
    children.push(child);
    await once(child.stdout, 'data');
    const identity = identify(child.pid ?? 0);
    assert.ok(identity);
    assert.equal(await stopProcess(identity, 'SIGTERM', 300), true);
    assert.equal(isAlive(identity), false);
  });

  it('quotes the log of a server that does not start', async () => {
    const options = await newStack();
    const context = { options, run: runCommand, reporter: createReporter(undefined) };
    const { dataDir } = await postgresService.prepare(context);
    await mkdir(join(dataDir, 'not-a-database'), { recursive: true });
    const recorder = { read: () => undefined, write: () => undefined };
    await assert.rejects(startNative(postgresService, context, recorder), (error) => {
      assert.ok(error instanceof StackError, String(error));
      assert.match(error.message, /postgres did not start.*postgres\.log:\n +postgres: could not access/s);
      return true;
    });
  });

  it('says what is missing on a machine without tools, all of it at once', async () => {
    const options = await newStack({
      run: nothingInstalled,
      mode: 'auto',
      cacheDir: join((await newStack()).stateDir, 'empty'),
    });
    await assert.rejects(stackUp(options), (error) => {
      assert.ok(error instanceof StackError);
      assert.match(error.message, /neither a container engine nor go >= 1\.24 found: .*TEMPORAL_ADDRESS/);
      assert.match(error.message, /neither a container engine nor java >= 17 found: .*KAFKA_BOOTSTRAP_SERVERS/);
      return true;
    });
    await assert.rejects(
      stackUp({ ...options, mode: 'compose' }),
      /No container engine can be used: docker is not installed/,
    );
  });

  it('says that a tool is too old', async () => {
    const outputs: Record<string, string> = {
      go: 'go version go1.20.4 linux/amd64',
      java: 'openjdk version "11.0.2" 2019-01-15',
    };
    const options = await newStack({
      cacheDir: join((await newStack()).stateDir, 'empty'),
      run: (command) => Promise.resolve({ code: command in outputs ? 0 : 127, output: outputs[command] ?? '' }),
    });
    await assert.rejects(stackUp(options), /\(go is 1\.20\).*\(java is 11\)/s);
  });

  it('says which given address does not answer', async () => {
    const given = {
      temporal: { address: '127.0.0.1:1', namespace: 'default', ui: null },
      postgres: { url: 'postgresql://u:secret@127.0.0.1:1/d' },
      kafka: { brokers: ['127.0.0.1:1'] },
    };
    const options = await newStack({ given });
    await assert.rejects(stackUp(options), /at 127\.0\.0\.1:1 is given by the environment and does not answer/);
    const { services } = await stackStatus(options);
    assert.deepEqual(
      [services.temporal.state, services.postgres.state, services.kafka.state],
      Array(3).fill('unreachable'),
    );
  });
});
