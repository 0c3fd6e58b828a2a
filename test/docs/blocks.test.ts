/** These tests check how pages are followed. They say what fails a page, and what a block has to say of itself. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blocksOf } from './blocks.js';
import { Follower } from './follow.js';

describe('a block of a page', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bridge-blocks-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function follow(text: string): Promise<void> {
    const page = join(folder, 'README.md');
    await writeFile(page, text);
    const directory = await mkdtemp(join(folder, 'page-'));
    const scratch = join(directory, 'scratch');
    await mkdir(scratch);
    const follower = new Follower({ directory, scratch, env: process.env, run: 'r', topicPrefix: 'test-prefix' });
    try {
      await follower.follow(page);
    } finally {
      await follower.close();
    }
  }
  const sh = (...lines: string[]): string => ['```sh', ...lines, '```', ''].join('\n');
  const fails = (text: string, message: RegExp) => assert.rejects(follow(text), { message });

  it('fails its page by any of its commands, and may be expected to', async () => {
    await follow(sh('true', 'echo a > a.txt'));
    await fails(sh('false', 'true'), /^README\.md:1: expected exit code 0, got 1:/);
    await fails(sh('true', 'exit_with_this'), /^README\.md:1: expected exit code 0, got 127:/);
    await follow(`<!-- exits with 1 -->\n\n${sh('false')}`);
    await fails(`<!-- exits with 1 -->\n\n${sh('true')}`, /expected exit code 1, got 0/);
  });

  it('leaves its folder and variables to the next one, and its program to the second terminal', async () => {
    await follow(
      `${sh('mkdir x && cd x', 'a=1')}\nSave this as \`f/b.json\`:\n\n\`\`\`json\n[2]\n\`\`\`\n\n${sh('test "$a" = 1', 'cat ../x/f/b.json')}\n\`\`\`text\n[2]\n\`\`\``,
    );
    await follow(`<!-- second terminal, until "ready" -->\n\n${sh('echo ready; sleep 60')}`);
    await fails(`<!-- second terminal, until "steady" -->\n\n${sh('echo ready')}`, /no "steady"/);
  });

  it('prints what its page shows', async () => {
    await follow(`${sh('echo "took 12.7 ms   for  3"')}\n\`\`\`text\ntook 1.5 ms for 3\n\`\`\``);
    await fails(
      `${sh('echo "took 12.7 ms for 3"')}\n\`\`\`text\ntook 1.5 ms for 4\n\`\`\``,
      /^README\.md:5: "took 0\.0 ms for 4"/,
    );
  });

  it('runs, or says why it does not', async () => {
    const read = async (text: string) => {
      await writeFile(join(folder, 'README.md'), text);
      return blocksOf(join(folder, 'README.md'));
    };
    await assert.rejects(read('```ts\n1;\n```'), /README\.md:1: expected "Save this as/);
    await assert.rejects(read('```ruby\n1\n```'), /expected one of sh, text/);
    await assert.rejects(read('<!-- not run -->\n\n```sh\nls\n```'), /got "not run"/);
    const [block] = await read('<!-- not run: it is dangerous -->\n\n```sh\nls\n```');
    assert.deepEqual(block?.directive, { kind: 'not run', reason: 'it is dangerous' });
  });
});
