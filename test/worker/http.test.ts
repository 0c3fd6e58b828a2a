/** These tests check what a supervisor and a load balancer get when they ask a worker. */
import assert from 'node:assert/strict';
import { type Check, type HttpSources, serveHttp } from '../../src/worker/http.js';
import { get } from './support.js';

describe('/health, /ready and /metrics', () => {
  async function asked(path: string, sources: Partial<HttpSources>) {
    const http = await serveHttp(
      { PORT: 0 },
      {
        health: () => ({ ok: true, detail: 'worker RUNNING' }),
        ready: () => Promise.resolve({ process: {}, dependencies: {} }),
        metrics: () => Promise.resolve(''),
        ...sources,
      },
    );
    try {
      return await get({ httpPort: http.port }, path);
    } finally {
      await http.close();
    }
  }
  const [ok, away] = [
    { ok: true, detail: 'fine' },
    { ok: false, detail: 'away' },
  ];

  const ready = (worker: Check, kafka: Check) => ({
    ready: () => Promise.resolve({ process: { worker }, dependencies: { kafka } }),
  });

  it('is ready when the process takes work, and says how its dependencies are', async () => {
    for (const [worker, kafka, status] of [
      [ok, ok, 200],
      [ok, away, 200],
      [away, ok, 503],
    ] as const) {
      const answer = await asked('/ready', ready(worker, kafka));
      const body = { ok: status === 200, dependencies_ok: kafka.ok, checks: { worker, kafka } };
      assert.deepEqual([answer.status, JSON.parse(answer.body)], [status, body]);
    }
  });

  it('is strictly ready when its dependencies are well too', async () => {
    for (const [worker, kafka, status] of [
      [ok, ok, 200],
      [ok, away, 503],
      [away, ok, 503],
    ] as const) {
      const answer = await asked('/ready?strict', ready(worker, kafka));
      assert.deepEqual([answer.status, (JSON.parse(answer.body) as { ok: boolean }).ok], [status, status === 200]);
    }
    assert.equal((await asked('/ready?probe=strict', ready(ok, away))).status, 200);
  });

  it('is not alive when the worker has failed', async () => {
    const { status, body } = await asked('/health', { health: () => away });
    assert.deepEqual([status, JSON.parse(body)], [503, away]);
  });

  it('answers also what it cannot find out', async () => {
    const lost = () => Promise.reject(new Error('the runtime is gone'));
    for (const [path, sources] of [
      ['/metrics', { metrics: lost }],
      ['/ready', { ready: lost }],
    ] as const) {
      assert.deepEqual(await asked(path, sources), { status: 500, body: 'the runtime is gone' });
    }
  });

  it('looks at the path, not at what is asked behind it', async () => {
    assert.equal((await asked('/health?probe=1', {})).status, 200);
    assert.equal((await asked('/nowhere', {})).status, 404);
    assert.equal((await asked('//', {})).status, 404);
  });
});
