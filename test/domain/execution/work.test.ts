/**
 * These tests check which list an intent is of. An intent taken for another list's would be announced under that list's
 * name and stopped by its failures.
 */
import assert from 'node:assert/strict';
import { makePlan } from '../../../src/domain/execution/plan.js';
import { parseRequest } from '../../../src/domain/execution/request.js';
import { indexesOf, type ListScope, listOf, oneList, ownCorrelationOf } from '../../../src/domain/execution/work.js';
import { definitions } from '../../support/definitions.js';
import { persistState } from '../../support/intents.js';

const scope = (first: number, count: number, correlation_id = 'c'): ListScope => ({
  first,
  count,
  correlation_id,
  options: { failFastPriority: 2, derivedEvents: 'all' },
  self_announced: [],
});

describe('the lists of what is executed', () => {
  it('are one where it is a list', () => {
    const plan = makePlan(parseRequest({ intents: [persistState(), 7] }), 'w', definitions);
    const work = oneList(plan);
    assert.deepEqual(
      work.lists.map(({ first, count, correlation_id, options }) => [first, count, correlation_id, options]),
      [[0, 2, 'w', plan.options]],
    );
    assert.deepEqual([work.intents, work.tiers, work.page_bytes], [plan.intents, plan.tiers, plan.page_bytes]);
  });

  it('have their own intents, one after the other, and none where nothing of them is run', () => {
    const lists = [scope(0, 2), scope(2, 0), scope(2, 3), scope(5, 0)];
    assert.deepEqual(lists.map(indexesOf), [[0, 1], [], [2, 3, 4], []]);
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((index) => listOf({ lists }, index)),
      [0, 0, 2, 2, 2],
    );
    assert.equal(listOf({ lists: [scope(0, 2), scope(0, 0)] }, 1), 0, 'wherever an empty one says that it begins');
  });

  it('name their correlation id where it is not the first one’s', () => {
    const lists = [scope(0, 1), scope(1, 1, 'other'), scope(2, 1)];
    assert.deepEqual(
      [0, 1, 2, 3].map((list) => ownCorrelationOf({ lists }, list)),
      [{}, { correlation_id: 'other' }, {}, {}],
    );
  });
});
