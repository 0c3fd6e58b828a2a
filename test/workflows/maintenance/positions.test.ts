import assert from 'node:assert/strict';
import { soFar } from '../../../workflows/maintenance/positions.js';

describe('what an earlier run has come to', () => {
  const start = { emitted: 0, recovery_id: 'r', stopped: null, by_state: {} };

  it('is taken as it is', () => {
    const given = { emitted: 7, recovery_id: 'q', stopped: 'why', by_state: { DONE: 3 } };
    assert.deepEqual(soFar(start, given), given);
  });

  it('is taken field by field where a client gives something else', () => {
    for (const given of [
      null,
      7,
      'here',
      [],
      { emitted: 'many', recovery_id: 1, stopped: {}, by_state: { DONE: 'x' } },
    ]) {
      assert.deepEqual(soFar(start, given), start);
    }
    assert.deepEqual(soFar(start, { by_state: { DONE: 1, OPEN: 'x' } }), start);
    assert.deepEqual(soFar(start, { emitted: 2, by_state: null, other: 1 }), { ...start, emitted: 2 });
  });
});
