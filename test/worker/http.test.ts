/** These tests check what a supervisor and a load balancer get when they ask a worker. */
import assert from 'node:assert/strict';
import { type HttpSources, serveHttp } from '../../src/worker/http.js';
import { get } from './support.js';

describe('/health, /ready and /metrics', () => {
  async function asked(path: string, sources: Partial<HttpSources>) {
    const http = await serveHttp(
      { PORT: 0 },
      {
        health: () => ({ ok: true, detail: 'worker RUNNING' }),
        ready: () => Promise.resolve({}),
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

  it('is ready when all is, and says what is not', async () => {
    assert.equal((await asked('/ready', { ready: () => Promise.resolve({ worker: ok, kafka: ok }) })).status, 200);
    for (const checks of [
      { worker: away, kafka: ok },
      { worker: ok, kafka: away },
    ]) {
      const { status, body } = await asked('/ready', { ready: () => Promise.resolve(checks) });
      assert.deepEqual([status, JSON.parse(body)], [503, { ok: false, checks }]);
    }
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
