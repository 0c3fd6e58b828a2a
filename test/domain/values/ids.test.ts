/** These tests check the ids and hashes by which lists are told apart. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { conflictId, listHash } from '../../../src/domain/values/ids.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('the hash of a list', () => {
  it('is that of its intents as JSON with sorted keys', () => {
    assert.equal(listHash([{ b: 1, a: [{ d: null, c: 'é' }] }, 7]), sha256('[{"a":[{"c":"é","d":null}],"b":1},7]'));
    assert.equal(listHash([]), sha256('[]'));
  });
});

describe('the id of a conflict', () => {
  it('is the same for the same list under the same event id, and for no other', () => {
    assert.equal(conflictId('event', 'hash'), '588660ca-e2bd-52ec-abfe-6d58ae39d04b');
    const ids = [conflictId('event', 'hash'), conflictId('event', 'other'), conflictId('other', 'hash')];
    assert.equal(new Set(ids).size, 3);
  });
});
