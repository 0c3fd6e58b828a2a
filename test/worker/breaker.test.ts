import assert from 'node:assert/strict';
import { pino } from 'pino';
import type { BreakerState, StoreBreaker } from '../../src/flow-control/store-breaker.js';
import { until } from '../../src/flow-control/until.js';

import { checkBehind, guardAll } from '../../src/worker/breakers.js';
import { type RunningWorker, startWorker } from '../../src/worker/run.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { persistState } from '../support/intents.js';
import { switchableServer, type SwitchableServer } from '../support/switchable-server.js';

describe('circuit breaker of a worker', () => {
  let environment: Environment;
  let server: SwitchableServer;
  let worker: RunningWorker;
  const log: Record<string, unknown>[] = [];
  before(async () => {
    environment = await createEnvironment({
      worker: false,
      env: { PG_BREAKER_FAILURES: '2', PG_BREAKER_OPEN_SECONDS: '4', PG_BREAKER_PROBE_SECONDS: '2' },
    });
    const databaseUrl = new URL(environment.endpoints.postgres.url);
    server = await switchableServer(databaseUrl.host);
    databaseUrl.host = server.address;
    worker = await startWorker({
      config: environment.config,
      logger: pino({}, { write: (line: string) => log.push(JSON.parse(line) as Record<string, unknown>) }),
      endpoints: { ...environment.endpoints, postgres: { url: databaseUrl.href } },
    });
  });
  after(async () => {
    await worker.shutdown();
    await server.off();
    await environment.close();
  });

  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${worker.httpPort}${path}`);
    return { status: response.status, body: await response.text() };
  };
  const metric = async (name: string): Promise<number> => {
    const line = (await get('/metrics')).body.split('\n').find((candidate) => candidate.startsWith(`${name} `));
    assert.ok(line, `expected ${name} in /metrics`);
    return Number(line.slice(name.length));
  };
  const state = () => metric('circuit_breaker_state{store="postgres"}');
  const outage = (store: string) => metric(`store_outage_seconds{store="${store}"}`);

  it('opens while PostgreSQL refuses connections, shows it, and closes by itself when it is back', async () => {
    assert.equal(await state(), 0);
    const { workflowId } = await environment.client.start([persistState()], {
      requestId: environment.env['TEMPORAL_TASK_QUEUE']!,
    });
    await until(20_000, async () => assert.equal(await state(), 2));

    assert.equal((await get('/ready')).status, 200, 'the worker takes work all the same');
    const ready = await get('/ready?strict');
    assert.equal(ready.status, 503);
    const { checks } = JSON.parse(ready.body) as { checks: Record<string, { ok: boolean; detail: string }> };
    assert.deepEqual([checks['postgres']?.ok, checks['kafka']?.ok], [false, true]);
    assert.match(checks['postgres']!.detail, /^circuit breaker open for another \d+ ms$/);
    await until(20_000, async () => assert.ok((await metric('circuit_breaker_refusals_total{store="postgres"}')) > 0));
    assert.ok((await outage('postgres')) > 0);
    assert.equal(await metric('circuit_breaker_state{store="kafka"}'), 0, 'the other store is left alone');
    assert.equal(await outage('kafka'), 0);

    await server.on();
    const report = await environment.client.result(workflowId);
    assert.equal(report.outcome, 'completed');
    assert.deepEqual([await state(), await outage('postgres')], [0, 0]);
    assert.equal((await get('/ready?strict')).status, 200);
    const changes = log.filter((entry) => 'state' in entry).map((entry) => [entry['store'], entry['state']]);
    assert.deepEqual(changes[0], ['postgres', 'open']);
    assert.deepEqual(changes.slice(-2), [
      ['postgres', 'half-open'],
      ['postgres', 'closed'],
    ]);
    assert.equal(await metric('circuit_breaker_state_changes_total{store="postgres",state="closed"}'), 1);
  });
});

describe('readiness of a store behind a breaker', () => {
  const check = async (state: BreakerState, ok = true) => {
    let asked = false;
    const ask = () => {
      asked = true;
      return Promise.resolve({ ok, detail: '1 brokers' });
    };
    const breaker = {
      store: 'kafka' as const,
      state,
      retryAfterMs: 7,
      call: () => assert.fail('the ping takes no probe’s place'),
    };
    return { ...(await checkBehind(breaker, ask)()), asked };
  };

  it('is what the store says, unless the breaker is open', async () => {
    assert.deepEqual(await check('closed'), { ok: true, detail: '1 brokers', asked: true });
    assert.deepEqual(await check('open'), {
      ok: false,
      detail: 'circuit breaker open for another 7 ms',
      asked: false,
    });
    const detail = '1 brokers; circuit breaker half-open';
    assert.deepEqual(await check('half-open'), { ok: true, detail, asked: true });
    assert.deepEqual(await check('half-open', false), { ok: false, detail, asked: true });
  });
});

describe('an operation behind a breaker', () => {
  it('asks the breaker, except for an empty batch: that says nothing about the store', async () => {
    let calls = 0;
    const call = <T>(work: () => Promise<T>) => {
      calls += 1;
      return work();
    };
    const port = {
      count: (batch: readonly string[]) => Promise.resolve(batch.length),
      redrive: () => Promise.resolve(7),
    };
    const breaker: StoreBreaker = { store: 'kafka', state: 'half-open', retryAfterMs: 0, call };
    const { count, redrive } = guardAll(breaker, port, ['redrive']);
    assert.deepEqual([await count([]), calls], [0, 0]);
    assert.deepEqual([await count(['a']), calls], [1, 1]);
    assert.deepEqual([await redrive(), calls], [7, 1], 'past the breaker');
  });
});
