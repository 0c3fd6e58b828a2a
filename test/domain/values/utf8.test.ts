/** These tests read bytes as text. Text is UTF-8, or refused by the name of what it is or by its first wrong byte. */
import assert from 'node:assert/strict';
import { readUtf8, utf16Problem } from '../../../src/domain/values/utf8.js';

const bytes = (...parts: (string | number)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from([part]))));

describe('bytes', () => {
  for (const [what, given, text] of [
    ['nothing', bytes(), ''],
    ['one character', bytes('7'), '7'],
    ['characters of two to four bytes', bytes('é漢😀'), 'é漢😀'],
    ['a byte order mark, which is dropped', bytes('\ufeff{}'), '{}'],
    ['a byte order mark inside, which is kept', bytes('{\ufeff}'), '{\ufeff}'],
    ['a U+FFFD that was sent', bytes('"\ufffd"'), '"\ufffd"'],
    ['a NUL behind the first two characters', bytes('{}\0'), '{}\0'],
    ['nothing but a NUL', bytes('\0'), '\0'],
  ] as const) {
    it(`are read: ${what}`, () => {
      assert.deepEqual(readUtf8(given), { ok: true, text });
    });
  }

  const badByte = (hex: string, at: number) =>
    `expected UTF-8, got 0x${hex} at byte ${at} (Latin-1?); convert it: iconv -f LATIN1 -t UTF-8`;
  const utf16 = (order: string, name: string) =>
    `expected UTF-8, got UTF-16 (${order}-endian); convert it: iconv -f UTF-16${name} -t UTF-8`;
  for (const [what, given, problem] of [
    ['Latin-1', Buffer.from('caf\xe9"', 'latin1'), badByte('E9', 4)],
    ['Latin-1 that begins as a U+FFFD does', Buffer.from('na\xefve', 'latin1'), badByte('EF', 3)],
    ['more of it', bytes('ab', 0xef, 0xbf, 'x'), badByte('EF', 3)],
    ['behind a U+FFFD that was sent', bytes('\ufffdé\ufffd', 0xc3), badByte('C3', 9)],
    ['behind a byte order mark', bytes('\ufeff', 0x80), badByte('80', 4)],
    ['at the start', bytes(0xfe, 'x'), badByte('FE', 1)],
    ['at the start, the other', bytes(0xff, 'x'), badByte('FF', 1)],
    ['behind a character', bytes('x', 0xfe), badByte('FE', 2)],
    ['half a surrogate pair', bytes('a', 0xed, 0xa0, 0x80), badByte('ED', 2)],
    ['UTF-16 with its mark', Buffer.from('\ufeff{}', 'utf16le'), utf16('little', 'LE')],
    ['UTF-16 of the other order', Buffer.from('\ufeff{}', 'utf16le').swap16(), utf16('big', 'BE')],
    ['UTF-16 without a mark', Buffer.from('{}', 'utf16le'), utf16('little', 'LE')],
    ['UTF-16 of the other order without a mark', Buffer.from('{}', 'utf16le').swap16(), utf16('big', 'BE')],
  ] as const) {
    it(`are refused: ${what}`, () => {
      assert.deepEqual(readUtf8(given), { ok: false, problem });
      assert.equal(utf16Problem(given), problem.includes('UTF-16 ') ? problem : null);
    });
  }

  it('are no UTF-16 for two NULs', () => {
    assert.equal(utf16Problem(bytes('\0\0')), null);
  });
});
