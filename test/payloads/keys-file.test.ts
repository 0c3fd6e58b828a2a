import assert from 'node:assert/strict';
import { unlink } from 'node:fs/promises';
import { KeyRingError } from '../../src/payloads/key-ring.js';
import { KeysFile } from '../../src/payloads/keys-file.js';
import { keyLine, type KeysFolder, makeKeysFile } from './support.js';

describe('the file of keys', () => {
  const [a, b] = [keyLine('a'), keyLine('b')];
  let file: KeysFolder;
  let now: number;
  let faults: string[];
  const open = () =>
    new KeysFile(
      file.path,
      ({ name, message }) => faults.push(`${name} ${message}`),
      () => now,
    );

  beforeEach(async () => {
    now = 5_000;
    faults = [];
    file = await makeKeysFile(a);
  });
  afterEach(() => file.remove());

  it('is read again a second later, and a key that was put first encrypts', async () => {
    const keys = open();
    await file.write(b, a);
    now += 999;
    assert.equal((await keys.first()).id, 'a');
    now += 1;
    assert.equal((await keys.first()).id, 'b');
    assert.equal((await keys.find('a'))?.id, 'a');
    await file.write(a);
    now += 999;
    assert.equal((await keys.first()).id, 'b', 'the second begins with the reading');
  });

  it('is read at once for an id that is unknown', async () => {
    const keys = open();
    assert.equal(await keys.find('b'), undefined);
    await file.write(a, b);
    assert.equal((await keys.find('b'))?.id, 'b');
    assert.equal((await keys.first()).id, 'a');
  });

  it('is not read for an id that is known, within the second', async () => {
    const keys = open();
    await file.write(b);
    assert.equal((await keys.find('a'))?.id, 'a');
    now += 1_000;
    assert.equal(await keys.find('a'), undefined, 'a key that was taken out decrypts no more');
  });

  it('takes another key under an id', async () => {
    const keys = open();
    const before = await keys.find('a');
    await file.write(keyLine('a'));
    now += 1_000;
    const after = await keys.find('a');
    assert.equal(after?.id, 'a');
    assert.ok(before !== undefined && !after.key.equals(before.key));
  });

  it('gives the same key as long as the file is the same', async () => {
    const keys = open();
    const before = await keys.first();
    now += 1_000;
    assert.equal(await keys.first(), before);
  });

  it('serves callers that come at once by one reading', async () => {
    const keys = open();
    await file.write(a, b);
    const found = await Promise.all([keys.find('b'), keys.find('b'), keys.find('b')]);
    assert.deepEqual(
      found.map((key) => key?.id),
      ['b', 'b', 'b'],
    );
    assert.ok(found[0] === found[1] && found[1] === found[2]);
  });

  it('keeps the keys it had when it cannot be used, and reports each fault once', async () => {
    const keys = open();
    await file.write('b short\n');
    for (let second = 1; second <= 2; second += 1) {
      now += 1_000;
      assert.equal((await keys.first()).id, 'a');
    }
    const unusable = `ConfigError PAYLOAD_KEYS_FILE: ${file.path}: line 1: expected the key in base64, as from "openssl rand -base64 32"`;
    assert.deepEqual(faults, [unusable]);
    await unlink(file.path);
    now += 1_000;
    assert.equal((await keys.find('a'))?.id, 'a');
    const missing = `ConfigError PAYLOAD_KEYS_FILE: ${file.path}: cannot be read`;
    assert.deepEqual(faults, [unusable, missing]);
    await file.write(b);
    now += 1_000;
    assert.equal((await keys.first()).id, 'b');
    await unlink(file.path);
    now += 1_000;
    assert.equal((await keys.first()).id, 'b');
    assert.deepEqual(faults, [unusable, missing, missing], 'the same fault is reported after the file was whole again');
  });

  it('has to be usable at the start, and names the variable, the path and the line', async () => {
    await file.write(a, a);
    assert.throws(open, ({ cause }: Error) => cause instanceof KeyRingError);
    assert.throws(open, {
      name: 'ConfigError',
      message: `PAYLOAD_KEYS_FILE: ${file.path}: line 2: expected a new key id, got that of line 1`,
    });
    await unlink(file.path);
    assert.throws(open, { name: 'ConfigError', message: `PAYLOAD_KEYS_FILE: ${file.path}: cannot be read` });
    await file.write(a);
  });

  it('needs no listener for its faults', async () => {
    const keys = new KeysFile(file.path, undefined, () => now);
    await unlink(file.path);
    now += 1_000;
    assert.equal((await keys.first()).id, 'a');
    await file.write(a);
  });
});
