import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { regularly } from '../../src/flow-control/regularly.js';

describe('a task at regular times', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setInterval'] }));
  afterEach(() => mock.timers.reset());

  it('is done at each of them, but never twice at once', async () => {
    const under: (() => void)[] = [];
    const end = regularly(1_000, () => new Promise<void>((resolve) => under.push(resolve)));
    mock.timers.tick(999);
    assert.equal(under.length, 0);
    mock.timers.tick(1);
    mock.timers.tick(1_000);
    assert.equal(under.length, 1);
    under[0]!();
    await turn();
    mock.timers.tick(1_000);
    assert.equal(under.length, 2);
    under[1]!();
    await end();
  });

  it('is done no more at its end, which waits for the one under way', async () => {
    const under: (() => void)[] = [];
    const end = regularly(1_000, () => new Promise<void>((resolve) => under.push(resolve)));
    mock.timers.tick(1_000);
    let ended = false;
    const ending = end().then(() => (ended = true));
    await turn();
    assert.equal(ended, false);
    under[0]!();
    await ending;
    mock.timers.tick(5_000);
    assert.equal(under.length, 1);
  });
});
