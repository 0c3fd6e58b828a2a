import assert from 'node:assert/strict';
import { shownPath, shownValue } from '../../../src/domain/values/shown.js';

describe('what a message shows', () => {
  for (const [given, shown] of [
    ['postgres://me:word@db:5432/bridge', 'postgres://me:***@db:5432/bridge'],
    ['postgres://me:w@rd/@db/bridge', 'postgres://me:***@db/bridge'],
    ['postgres://me@db/bridge', 'postgres://me@db/bridge'],
    ['db.example.com:5432', 'db.example.com:5432'],
    ['12', '12'],
    ['jdbc:postgresql://db/bridge?user=me&password=word', '***'],
    ['me:word@db/bridge', '***'],
    ['host=db password=word', '***'],
    ['postgres://me@one,two/bridge?Password=word', '***'],
    ['id:word@host/token', '***'],
    ['-----BEGIN PRIVATE KEY-----', '***'],
  ] as const) {
    it(`of the value ${given} is ${shown}`, () => {
      assert.equal(shownValue(given), shown);
    });
  }

  for (const path of ['/run/secrets/word', './keys', '../keys', '~/keys']) {
    it(`of the path ${path} is all of it`, () => {
      assert.equal(shownPath(path), path);
    });
  }

  for (const text of [
    'word',
    'postgres://me:word@db',
    '/abc+def=',
    'first KEY',
    '/a b',
    '-----BEGIN PRIVATE KEY-----',
  ]) {
    it(`of ${text}, which is no path, is nothing`, () => {
      assert.equal(shownPath(text), 'the file that it names');
    });
  }
});
