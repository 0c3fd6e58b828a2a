import assert from 'node:assert/strict';
import { readGivenLists } from '../../../src/domain/sharing/given-lists.js';
import { requestHash } from '../../../src/domain/execution/request-conflict.js';
import { emittedId } from '../../../src/domain/values/ids.js';
import { RequestError } from '../../../src/domain/execution/request.js';

const started = { workflow_id: 'w', started_at: '2026-01-01T00:00:00.000Z' };
const read = (...lists: unknown[]) => readGivenLists({ lists }, started);
const options = { failFastPriority: 2, derivedEvents: 'unless_published' };

describe('the lists of a shared execution', () => {
  it('have the event id that they would be emitted under, and the hash that an execution of their own has', () => {
    const { slice, hashes, refused } = read({ intents: [1], request_id: 'r', correlation_id: 'c' });
    assert.deepEqual(slice, {
      lists: [
        {
          intents: [1],
          options,
          request_id: 'r',
          correlation_id: 'c',
          event_id: emittedId({ intents: [1], request_id: 'r', options }),
          emitted_at: started.started_at,
        },
      ],
    });
    assert.deepEqual(hashes, [requestHash({ intents: [1], options, request_id: 'r', correlation_id: 'c' })]);
    assert.equal(refused.size, 0);
  });

  it('are named by the execution and their number where they bring no request id', () => {
    const { slice, hashes } = read({ intents: [] }, { intents: [], request_id: null });
    assert.deepEqual(
      slice.lists.map(({ request_id, correlation_id }) => [request_id, correlation_id]),
      [
        ['w/0', null],
        ['w/1', null],
      ],
    );
    assert.equal(hashes[0], requestHash({ intents: [], options, request_id: 'w/0' }));
  });

  it('are refused one by one, and keep their request id where it is valid', () => {
    const { slice, refused, hashes } = read(
      { intents: 'none', request_id: 'kept' },
      { intents: [], request_id: '' },
      7,
      null,
      { intents: Array.from({ length: 2_001 }, () => 0) },
      { intents: [0] },
    );
    assert.deepEqual([...refused.keys()], [0, 1, 2, 3, 4]);
    assert.match(refused.get(0) ?? '', /^intents: expected/);
    assert.match(refused.get(4) ?? '', /2001 intents/);
    assert.deepEqual(
      slice.lists.map(({ request_id, intents }) => [request_id, intents.length]),
      [
        ['kept', 0],
        ['w/1', 0],
        ['w/2', 0],
        ['w/3', 0],
        ['w/4', 0],
        ['w/5', 1],
      ],
    );
    assert.deepEqual(
      hashes.map((hash) => hash === ''),
      [true, true, true, true, true, false],
    );
    assert.equal(new Set(slice.lists.map(({ event_id }) => event_id)).size, 6);
  });

  it('are refused where they do not fit beside those before them', () => {
    const long = (count: number) => ({ intents: Array.from({ length: count }, () => 0) });
    const { refused } = read(long(1_500), long(501), long(500), long(0));
    assert.deepEqual([...refused.keys()], [1]);
    assert.match(
      refused.get(1) ?? '',
      /^lists: with this one they hold 2001 intents, the limit is 2000; start it alone$/,
    );
  });

  for (const input of [null, [], { lists: {} }, { lists: [], more: 1 }, {}]) {
    it(`are not there in ${JSON.stringify(input)}`, () => {
      assert.throws(() => readGivenLists(input, started), RequestError);
    });
  }
});
