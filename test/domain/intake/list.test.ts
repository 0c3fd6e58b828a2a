/** These tests check that a verdict has its event id as somebody has written it. */
import assert from 'node:assert/strict';
import { asWritten, isFinal } from '../../../src/domain/intake/list.js';

describe('a verdict, as written', () => {
  const verdict = { event_id: 'ab', correlation_id: 'of the list', outcome: 'completed' };

  it('has the event id in that spelling, and the rest as it is', () => {
    assert.deepEqual(asWritten(verdict, 'AB'), { ...verdict, event_id: 'AB' });
  });

  it('has a correlation id in that spelling which is the event id', () => {
    for (const correlation_id of ['ab', 'AB', 'aB']) {
      assert.deepEqual(asWritten({ ...verdict, correlation_id }, 'Ab'), {
        ...verdict,
        event_id: 'Ab',
        correlation_id: 'Ab',
      });
    }
  });
});

describe('the verdict of a list', () => {
  it('is final when all of it has happened, or when nothing of it ever will', () => {
    assert.equal(isFinal({ outcome: 'completed' }), true);
    assert.equal(isFinal({ outcome: 'failed', error: 'no list' }), true);
    for (const outcome of ['partial', 'failed'] as const) assert.equal(isFinal({ outcome }), false);
  });
});
