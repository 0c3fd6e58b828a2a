import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { replay } from '../support/replay.js';

const directory = new URL('histories/', import.meta.url);

describe('golden histories', () => {
  it('replay with today’s workflow code', async () => {
    const files = (await readdir(directory)).filter((file) => file.endsWith('.json'));
    assert.ok(files.length >= 5, 'a gate that replays nothing guards nothing');
    const histories = await Promise.all(
      files.map(async (file) => ({
        workflowId: file,
        history: JSON.parse(await readFile(new URL(file, directory), 'utf8')) as unknown,
      })),
    );
    assert.equal(await replay(histories), files.length);
  });

  it('would notice changed workflow code', async () => {
    const file = JSON.parse(await readFile(new URL('completed.json', directory), 'utf8')) as {
      events: Record<string, unknown>[];
    };
    const text = JSON.stringify(file).replaceAll('"persistStates"', '"somethingElse"');
    await assert.rejects(
      replay([{ workflowId: 'changed', history: JSON.parse(text) as unknown }]),
      /changed: .*somethingElse|nondeterminism|Nondeterminism/is,
    );
  });
});
