import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readKeyRing } from '../../src/payloads/key-ring.js';

const newKey = (bytes = 32) => randomBytes(bytes).toString('base64');
const bytesOf = (key: ReturnType<typeof readKeyRing>['first'] | undefined) => key?.key.export().toString('base64');

describe('the key ring', () => {
  it('encrypts with the first key, and finds all by their ids', () => {
    const [one, other] = [newKey(), newKey()];
    const ring = readKeyRing(`2026-11 ${one}\nold_1.a\t ${other}\n`);
    assert.deepEqual([ring.first.id, bytesOf(ring.first)], ['2026-11', one]);
    assert.deepEqual([ring.find('2026-11')?.id, bytesOf(ring.find('2026-11'))], ['2026-11', one]);
    assert.deepEqual([ring.find('old_1.a')?.id, bytesOf(ring.find('old_1.a'))], ['old_1.a', other]);
    assert.equal(ring.find('none'), undefined);
  });

  it('passes over comments and empty lines, and takes the line breaks of any editor', () => {
    const key = newKey();
    const ring = readKeyRing(`# the keys of payloads\r\n\r\n  \t\n  # since May\n  a ${key} \r\n#b ${newKey(3)}`);
    assert.deepEqual([ring.first.id, bytesOf(ring.first)], ['a', key]);
    assert.equal(ring.find('#b'), undefined);
  });

  const refused: readonly (readonly [name: string, text: string, message: string])[] = [
    ...['', '\n', '# a key\n'].map(
      (text) =>
        [
          `no key: ${JSON.stringify(text)}`,
          text,
          'expected a line "key-id key", the key as from "openssl rand -base64 32", got no key',
        ] as const,
    ),
    ['an id alone', `a ${newKey()}\nb`, 'line 2: expected "key-id key" on a line'],
    ['a third word', `a ${newKey()} b`, 'line 1: expected "key-id key" on a line'],
    [
      'an id twice',
      `# 1\na ${newKey()}\nb ${newKey()}\na ${newKey()}`,
      'line 4: expected a new key id, got that of line 2',
    ],
    ...['ä', 'a/b', 'x'.repeat(65)].map(
      (id) =>
        [
          `the id ${id}`,
          `${id} ${newKey()}`,
          'line 1: expected a key id of 1 to 64 letters, digits, "_", "." and "-"',
        ] as const,
    ),
    ...[16, 31, 33].map(
      (bytes) =>
        [
          `${bytes} bytes`,
          `\nshort ${newKey(bytes)}`,
          `line 2: expected a key of 32 bytes, as from "openssl rand -base64 32", got ${bytes}`,
        ] as const,
    ),
    ...(
      [
        ['that was cut', newKey().slice(0, -1)],
        ['with another character behind it', `${newKey()}!`],
        ['with another character in it', `-${newKey().slice(1)}`],
      ] as const
    ).map(
      ([name, key]) =>
        [`a key ${name}`, `a ${key}`, 'line 1: expected the key in base64, as from "openssl rand -base64 32"'] as const,
    ),
  ];
  for (const [name, text, message] of refused) {
    it(`refuses ${name}, and shows no key`, () => {
      assert.throws(() => readKeyRing(text), { name: 'KeyRingError', message });
    });
  }

  it('takes an id of 64 characters', () => {
    assert.equal(readKeyRing(`${'x'.repeat(64)} ${newKey()}`).first.id.length, 64);
  });
});
