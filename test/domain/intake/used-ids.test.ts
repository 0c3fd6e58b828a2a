/** These tests check which lists are skipped because another list, or the same one, has their event id. */
import assert from 'node:assert/strict';
import { conflictText, hasList, isOtherList, UsedIds } from '../../../src/domain/intake/used-ids.js';
import { listHash } from '../../../src/domain/values/ids.js';
import { list, open } from './support.js';

const [LIST, OTHER, THIRD] = ['a', 'b', 'c'].map((text) => list([{ text }], { event_id: 'id' }));
const hashOf = ({ intents }: { readonly intents: readonly unknown[] }): string => listHash(intents);
const hashes = (hash?: string | null) => new Map(hash === undefined ? [] : [['id', hash]]);

describe('the used event ids of a slice', () => {
  const use = (
    lists: readonly (typeof LIST)[],
    answered: ReadonlyMap<string, string | null>,
    parked: ReadonlyMap<string, string | null>,
  ) => {
    const slice = open(lists.map((one) => one!));
    const used = new UsedIds(slice, answered, parked);
    return slice.lists.map((one) => used.use(one).skipped);
  };

  for (const [text, lists, answered, parked, expected] of [
    ['takes a list once', [LIST, LIST], undefined, undefined, [undefined, 'repeats']],
    ['has one list for an id', [LIST, OTHER, LIST], undefined, undefined, [undefined, 'conflicts', 'repeats']],
    ['knows an answered list', [LIST, LIST], hashOf(LIST!), undefined, ['answered', 'repeats']],
    [
      'knows an answered list behind others',
      [OTHER, LIST, OTHER, THIRD],
      hashOf(LIST!),
      undefined,
      ['conflicts', 'answered', 'conflicts', 'conflicts'],
    ],
    ['takes any list for one that has no hash', [LIST, OTHER], null, undefined, ['answered', 'repeats']],
    ['lets a parked list go on', [LIST, LIST, OTHER], undefined, hashOf(LIST!), [undefined, 'repeats', 'conflicts']],
    ['stops another list than the parked one', [OTHER, LIST], undefined, hashOf(LIST!), ['conflicts', undefined]],
    ['takes any list for a parked one that has no hash', [OTHER, LIST], undefined, null, [undefined, 'repeats']],
    [
      'goes by the answered list before the parked one',
      [LIST, OTHER],
      hashOf(LIST!),
      hashOf(OTHER!),
      ['answered', 'conflicts'],
    ],
  ] as const) {
    it(text, () => {
      assert.deepEqual(use(lists, hashes(answered), hashes(parked)), expected);
    });
  }

  it('says by which hashes a list is another one, and its id as it is written', () => {
    const slice = open([list([1], { event_id: 'id', written_event_id: 'ID' })]);
    const used = new UsedIds(slice, hashes('0123456789abcdef'), hashes());
    const hash = hashOf({ intents: [1] });
    const text = `event_id: ID belongs to another list of intents (sha256 0123456789ab there, ${hash.slice(0, 12)} here); emit this one under an id of its own`;
    assert.deepEqual(used.use(slice.lists[0]!), { skipped: 'conflicts', invalid: text });
    assert.equal(conflictText(slice.lists[0]!, '0123456789abcdef', hash), text);
  });

  it('are those of the same list, or of one without a hash', () => {
    const { lists } = open([LIST!]);
    assert.deepEqual(
      [undefined, null, 'h', 'other'].map((hash) => hasList(hashes(hash), lists[0]!, 'h')),
      [false, true, true, false],
    );
    assert.deepEqual(
      [null, 'h', 'other'].map((hash) => isOtherList(hash, 'h')),
      [false, false, true],
    );
  });
});
