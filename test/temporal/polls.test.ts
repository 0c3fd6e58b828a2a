/** These tests check how polls of a task queue are judged: which worker is there, and which task nobody takes. */
import assert from 'node:assert/strict';
import { isLeft, isPolled, noWorkerPolls, type WorkerLook } from '../../src/temporal/polls.js';

const NOW = 1_800_000_000_000;

describe('the polls of a task queue', () => {
  it('stand for a worker for 70 s, also where the clock of the server is ahead', () => {
    const ages = [0, 60_000, 69_999, 70_000, 300_000, -5_000];
    assert.deepEqual(
      ages.map((age) => isPolled(NOW - age, NOW)),
      [true, true, true, false, false, true],
    );
    assert.equal(isPolled(null, NOW), false);
    assert.equal(isPolled(null, 0), false);
    assert.deepEqual([isPolled(Date.now()), isPolled(Date.now() - 71_000)], [true, false]);
  });

  it('leave a task when it waits from one look to the next and nobody has polled', () => {
    const look: WorkerLook = { taskQueue: 'q', lastPoll: NOW, queuedAt: NOW + 1 };
    assert.equal(isLeft(look, { ...look }), true);
    assert.equal(isLeft({ ...look, lastPoll: null }, { ...look, lastPoll: null }), true, 'there never was a worker');
    assert.equal(isLeft(undefined, look), false, 'this is the first look');
    assert.equal(isLeft(look, { ...look, lastPoll: NOW + 2 }), false, 'a worker is busy with other tasks');
    assert.equal(isLeft(look, { ...look, queuedAt: NOW + 2 }), false, 'this is another task');
    const taken = { ...look, queuedAt: null };
    assert.equal(isLeft(taken, { ...taken }), false, 'no task waits');
  });

  it('are missed in words, with the age of the last one', () => {
    assert.equal(noWorkerPolls('q', null, NOW), 'no worker polls q');
    assert.equal(noWorkerPolls('q', NOW - 95_400, NOW), 'no worker polls q (last poll 95 s ago)');
    assert.match(noWorkerPolls('q', Date.now() - 80_000), /\(last poll (80|81) s ago\)$/);
  });
});
