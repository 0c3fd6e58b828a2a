/** These tests make releases of a small project, with the real git and npm: its commit, its tag, and what it leaves. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { git, makeProject } from './stand-in.js';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('../../scripts/release/main.ts', import.meta.url));
const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

describe('a release of a project', function () {
  this.timeout(60_000);
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bridge-release-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Returns what it says: its errors where it fails. */
  const release = (...args: string[]) => releaseWith({}, ...args);
  const releaseWith = (more: NodeJS.ProcessEnv, ...args: string[]) =>
    run(process.execPath, ['--import', TSX, MAIN, ...args], {
      cwd: folder,
      env: {
        ...process.env,
        PATH: `${join(folder, 'bin')}${delimiter}${process.env.PATH}`,
        CONTAINER_ENGINE: 'no-engine',
        ...more,
      },
    }).then(
      ({ stdout }) => stdout,
      (error: unknown) => (error as { readonly stderr: string }).stderr,
    );

  it('commits what it has written alone, and leaves what a person edits meanwhile', async () => {
    await makeProject(folder, 'echo edited > notes.txt && git add notes.txt && echo new > new.txt');
    const said = await release('minor');
    assert.match(
      said,
      /^edited meanwhile, and left out of the commit: notes.txt, new.txt; release\/0\.2\.0 may have it$/m,
    );
    assert.match(said, /^0\.2\.0 is committed and tagged v0\.2\.0/m);
    const committed = await git(folder, 'show', '--format=%s', '--name-only', 'v0.2.0^{commit}');
    const [subject, , ...paths] = committed.split('\n');
    assert.equal(subject, 'Release 0.2.0');
    assert.deepEqual(paths, [
      'CHANGELOG.md',
      'contract.txt',
      'deployments/overlays/production/kustomization.yaml',
      'deployments/overlays/staging/kustomization.yaml',
      'docker-compose.yml',
      'docs/deploy.md',
      'generated.txt',
      'package-lock.json',
      'package.json',
      'test/data/released-worker.tgz',
    ]);
    assert.equal(await git(folder, 'status', '--porcelain'), 'M  notes.txt\n?? new.txt');
  });

  it('that is tried takes back what it has written alone, also where npm takes the flag', async () => {
    await makeProject(folder, 'echo edited > notes.txt');
    for (const [env, ...args] of [
      [{}, 'minor', '--dry-run'] as const,
      [{ npm_config_dry_run: 'true' }, 'minor'] as const,
    ]) {
      assert.match(await releaseWith(env, ...args), /0\.2\.0 was tried/);
      assert.equal(await git(folder, 'status', '--porcelain'), 'M notes.txt');
      assert.equal(await git(folder, 'tag'), '');
      await git(folder, 'checkout', '--', 'notes.txt');
    }
  });

  it('that fails takes back what it has written', async () => {
    await makeProject(folder, 'exit 3');
    assert.match(await release('minor'), /release: npm run --silent build has failed\n$/);
    assert.equal(await git(folder, 'status', '--porcelain'), '');
  });

  it('that fails behind its commit says what is left to do', async () => {
    await makeProject(folder, 'git tag v0.2.0');
    const left = "0.2.0 is committed, without a tag; run git tag --annotate v0.2.0 --message 'Release 0.2.0'";
    assert.ok((await release('minor')).endsWith(`\n${left}, then npm run image\n`));
    assert.equal(await git(folder, 'log', '-1', '--format=%s'), 'Release 0.2.0');
    assert.match(await readFile(join(folder, 'package.json'), 'utf8'), /"version":"0\.2\.0"/);
  });
});
