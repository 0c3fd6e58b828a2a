/** These tests check which of two states of one workflow is newer: by epoch, then count, then arrival. */
import assert from 'node:assert/strict';
import { isNewer } from '../../../src/domain/recovery/newer.js';

const place = (epoch: number, transition_count: number, arrival: number) => ({ epoch, transition_count, arrival });

describe('of two states of a workflow', () => {
  const rows: [string, ReturnType<typeof place>, ReturnType<typeof place>][] = [
    ['that of the later epoch', place(1, 0, 0), place(0, 9, 9)],
    ['in one epoch that with the higher count', place(0, 2, 0), place(0, 1, 9)],
    ['at one count that which arrived later', place(0, 1, 2), place(0, 1, 1)],
  ];
  for (const [which, newer, older] of rows) {
    it(`${which} is the newer one`, () => {
      assert.equal(isNewer(newer, older), true);
      assert.equal(isNewer(older, newer), false);
    });
  }

  it('none is newer than itself', () => {
    assert.equal(isNewer(place(1, 2, 3), place(1, 2, 3)), false);
  });
});
