import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeOnce } from '../../src/stack/cache.js';

describe('stack: the cache of built servers', function () {
  this.timeout(20_000);
  let cache: string;
  beforeEach(async () => {
    cache = await mkdtemp(join(tmpdir(), 'bridge-cache-'));
  });
  afterEach(() => rm(cache, { recursive: true, force: true }));

  const make = (text: string) => (directory: string) => writeFile(join(directory, 'built'), text);
  const built = (target: string): Promise<string> => readFile(join(target, 'built'), 'utf8');

  it('makes a thing once, however many want it', async () => {
    const target = join(cache, 'server');
    let times = 0;
    const slowly = async (directory: string): Promise<void> => {
      times++;
      await sleep(300);
      await make('whole')(directory);
    };
    await Promise.all([makeOnce(target, slowly), makeOnce(target, slowly), makeOnce(target, slowly)]);
    await makeOnce(target, slowly);
    assert.equal(times, 1);
    assert.deepEqual(await readdir(cache), ['server']);
  });

  it('leaves nothing of a failure, and tries again', async () => {
    const target = join(cache, 'server');
    await assert.rejects(
      makeOnce(target, () => Promise.reject(new Error('no network'))),
      /no network/,
    );
    assert.deepEqual(await readdir(cache), []);
    await makeOnce(target, make('second'));
    assert.equal(await built(target), 'second');
  });

  it('recovers from a process killed in the middle', async () => {
    const target = join(cache, 'server');
    const script = `
      import { writeFile } from 'node:fs/promises';
      import { makeOnce } from ${JSON.stringify(new URL('../../src/stack/cache.ts', import.meta.url).href)};
      await makeOnce(${JSON.stringify(target)}, async (directory) => {
        await writeFile(directory + '/built', 'half');
        console.log('half');
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      });`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    assert.equal(existsSync(target), false);
    assert.equal((await readdir(cache)).length, 2, 'the half-made folder and the lock are left');
    // The lock becomes old, as if ten seconds had passed.
    await utimes(`${target}.lock`, new Date(0), new Date(0));

    await makeOnce(target, make('whole'));
    assert.equal(await built(target), 'whole');
    assert.deepEqual(await readdir(cache), ['server']);
  });
});
