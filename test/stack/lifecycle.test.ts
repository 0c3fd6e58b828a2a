import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { stackDown, stackStatus, stackUp, type StackOptions, type StackProgress } from '../../src/stack/index.js';
import { readState } from '../../src/stack/state.js';
import { assertKept, writeKept } from './kept.js';
import { COLD_CACHE_MS, newStack, occupy, onlyPostgres, removeStacks } from './support.js';
import type { Endpoints } from '../../src/endpoints.js';

describe('stack: a life', function () {
  this.timeout(60_000);
  const events: StackProgress[] = [];
  let options: StackOptions;
  let endpoints: Endpoints;

  before(async function () {
    this.timeout(COLD_CACHE_MS);
    options = await newStack({ durable: true, onProgress: (event) => events.push(event) });
    endpoints = await stackUp(options);
  });
  after(removeStacks);

  const pids = async (): Promise<(number | undefined)[]> =>
    Object.values((await stackStatus(options)).services).map(({ pid }) => pid);

  it('comes up with three servers that answer, and says so on the way', async () => {
    const { services, endpoints: known, mode } = await stackStatus(options);
    assert.equal(mode, 'native');
    assert.deepEqual(known, endpoints);
    for (const name of ['temporal', 'postgres', 'kafka'] as const) {
      assert.equal(services[name].state, 'running');
      assert.equal(events.filter(({ service, phase }) => service === name && phase === 'ready').length, 1);
    }
    const page = await fetch(String(endpoints.temporal.ui));
    assert.equal(page.status, 200);
  });

  it('listens on loopback only', () => {
    const addresses = [endpoints.temporal.address, new URL(endpoints.postgres.url).host, ...endpoints.kafka.brokers];
    for (const address of addresses) assert.match(address, /^127\.0\.0\.1:\d+$/);
  });

  it('leaves servers that run as they are when brought up again', async () => {
    const before = await pids();
    assert.deepEqual(await Promise.all([stackUp(options), stackUp(options)]), [endpoints, endpoints]);
    assert.deepEqual(await pids(), before);
  });

  it('starts killed servers again, at the same addresses and on the same data', async () => {
    await writeKept(endpoints);
    const before = await pids();
    for (const pid of before) process.kill(Number(pid), 'SIGKILL');
    assert.deepEqual(await stackUp(options), endpoints);
    const after = await pids();
    assert.ok(after.every((pid, index) => pid !== undefined && pid !== before[index]));
    await assertKept(endpoints);
  });

  it('uses given addresses, neither starts nor stops what is behind them, and takes another port when its own is taken', async () => {
    const other = await onlyPostgres(endpoints);
    const all = await stackUp(other);
    assert.deepEqual([all.temporal.address, all.kafka], [endpoints.temporal.address, endpoints.kafka]);
    assert.notEqual(all.postgres.url, endpoints.postgres.url);
    const { services } = await stackStatus(other);
    assert.deepEqual(
      [services.temporal.state, services.postgres.state, services.kafka.state],
      ['given', 'running', 'given'],
    );
    assert.deepEqual(await stackDown(other), { temporal: 'kept', postgres: 'stopped', kafka: 'kept' });
    assert.equal((await stackStatus(options)).services.kafka.state, 'running');
    assert.equal((await stackStatus(options)).services.temporal.state, 'running');
    // The port number of the stopped PostgreSQL is taken meanwhile.
    const { port } = new URL(all.postgres.url);
    const free = await occupy(Number(port));
    try {
      assert.notEqual(new URL((await stackUp(other)).postgres.url).port, port);
    } finally {
      await free();
    }
  });

  it('goes down in order, keeps data, and forgets them with purge', async () => {
    const dataDirs = Object.values(readState(options.stateDir).services).map((record) => String(record?.dataDir));
    assert.deepEqual(await stackDown(options), { temporal: 'stopped', postgres: 'stopped', kafka: 'stopped' });
    assert.deepEqual(await stackDown(options), {
      temporal: 'not running',
      postgres: 'not running',
      kafka: 'not running',
    });
    assert.equal((await stackStatus(options)).services.postgres.state, 'stopped');
    assert.ok(dataDirs.every((directory) => existsSync(directory)));
    await stackDown({ ...options, purge: true });
    assert.ok(!dataDirs.some((directory) => existsSync(directory)));
  });
});
