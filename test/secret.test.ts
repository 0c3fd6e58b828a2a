import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { secretOf } from '../src/secret.js';

describe('a secret', () => {
  let folder: string;
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'bridge-secret-'))));
  after(() => rm(folder, { recursive: true }));

  it('is the value of its variable, or undefined where neither is set', async () => {
    const secret = secretOf('PGPASSWORD', { PGPASSWORD: 'word ' });
    assert.deepEqual([secret?.source, await secret?.read()], ['PGPASSWORD', 'word ']);
    assert.equal(secretOf('PGPASSWORD', {}), undefined);
  });

  it('is read from its file each time, without the line break at its end', async () => {
    const file = join(folder, 'changing');
    const secret = secretOf('PGPASSWORD', { PGPASSWORD: 'other', PGPASSWORD_FILE: file });
    assert.equal(secret?.source, 'PGPASSWORD_FILE');
    for (const [text, read] of [
      ['first\n', 'first'],
      [' sec ond\r\n', ' sec ond'],
      ['two\n\n', 'two\n'],
    ] as const) {
      await writeFile(file, text);
      assert.equal(await secret.read(), read);
    }
  });

  it('is not shown where it stands where its file belongs', async () => {
    await assert.rejects(async () => secretOf('A', { A_FILE: 'hunter2' })?.read(), {
      message: 'A_FILE: the file that it names cannot be read',
    });
  });

  it('names the variable whose file is missing or empty', async () => {
    const missing = join(folder, 'missing');
    await assert.rejects(async () => secretOf('A', { A_FILE: missing })?.read(), {
      name: 'SecretError',
      message: `A_FILE: ${missing} cannot be read`,
    });
    const empty = join(folder, 'empty');
    await writeFile(empty, '\n');
    await assert.rejects(async () => secretOf('A', { A_FILE: empty })?.read(), {
      message: `A_FILE: ${empty} is empty`,
    });
  });
});
