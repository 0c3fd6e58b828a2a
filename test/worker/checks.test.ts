/** These tests check how a store is asked whether it answers. */
import assert from 'node:assert/strict';
import { checked, shared } from '../../src/worker/checks.js';

describe('a readiness probe', () => {
  it('is one for all who ask while it is under way, and another one afterwards', async () => {
    let asked = 0;
    let answer: (detail: string) => void = () => undefined;
    const probe = shared(() => {
      asked += 1;
      return new Promise<string>((resolve) => (answer = resolve));
    });
    const checks = [checked(probe), checked(probe), checked(probe)];
    assert.equal(asked, 1);
    answer('3 brokers');
    assert.deepEqual(await Promise.all(checks), Array(3).fill({ ok: true, detail: '3 brokers' }));
    const next = checked(probe);
    assert.equal(asked, 2);
    answer('2 brokers');
    assert.deepEqual(await next, { ok: true, detail: '2 brokers' });
  });

  it('is made again after one that failed', async () => {
    let asked = 0;
    const probe = shared(() => {
      asked += 1;
      return asked === 1 ? Promise.reject(new Error('refused')) : Promise.resolve('there');
    });
    assert.deepEqual(await checked(probe), { ok: false, detail: 'refused' });
    assert.deepEqual(await checked(probe), { ok: true, detail: 'there' });
  });
});
