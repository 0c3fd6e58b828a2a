/** These tests check what a release decides: the version, the changelog, the audit, and that all versions agree. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { judged } from '../../scripts/release/audit.js';
import { released } from '../../scripts/release/changelog.js';
import { NAMING_IMAGE, nextVersion, versionsIn, withVersion } from '../../scripts/release/versions.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

const json = async (path: string) => JSON.parse(await readFile(path, 'utf8')) as { readonly version: string };

describe('the version', () => {
  it('is the same wherever it stands', async () => {
    const { version } = await json('package.json');
    const lock = (await json('package-lock.json')) as Awaited<ReturnType<typeof json>> & {
      readonly packages: { readonly '': { readonly version: string } };
    };
    const chart = parse(await readFile('deployments/helm/bridge-store-effect/Chart.yaml', 'utf8')) as {
      readonly version: string;
      readonly appVersion: string;
    };
    const contract = parse(await readFile('contract.yaml', 'utf8')) as { readonly version: string };
    const asyncApi = parse(await readFile('contract/asyncapi.yaml', 'utf8')) as {
      readonly info: { readonly version: string };
    };
    const python = /^version = "(.*)"$/m.exec(await readFile('clients/python/pyproject.toml', 'utf8'));
    const manifests = [
      ...NAMING_IMAGE,
      'deployments/bridge-store-effect.yaml',
      'deployments/helm/bridge-store-effect/values.yaml',
    ];
    const named = await Promise.all(manifests.map(async (path) => versionsIn(await readFile(path, 'utf8'))));
    for (const [index, versions] of named.entries()) assert.ok(versions.length > 0, manifests[index]);
    const all = [lock.version, lock.packages[''].version, chart.version, chart.appVersion, contract.version];
    const found = new Set([...all, asyncApi.info.version, python?.[1], ...named.flat()]);
    assert.deepEqual([...found], [version]);
    assert.match(
      await readFile('CHANGELOG.md', 'utf8'),
      new RegExp(`^## \\[${version.replaceAll('.', '\\.')}\\] - `, 'm'),
    );
  });

  it('that comes next is higher', () => {
    assert.equal(nextVersion('1.2.3', 'patch'), '1.2.4');
    assert.equal(nextVersion('1.2.3', 'minor'), '1.3.0');
    assert.equal(nextVersion('1.2.3', 'major'), '2.0.0');
    assert.equal(nextVersion('1.2.3', '1.10.0'), '1.10.0');
    for (const lower of ['1.2.3', '1.1.9', '0.9.9'])
      assert.throws(() => nextVersion('1.2.3', lower), new RegExp(`expected one above 1.2.3, got ${lower}`));
    for (const wrong of [undefined, 'v2.0.0', '2.0', '2.0.0-rc.1', '01.0.0'])
      assert.throws(() => nextVersion('1.2.3', wrong), /version: expected major, minor, patch or a version/);
  });

  it('replaces that of the image alone', () => {
    const text = 'apiVersion: 1.0.0\nimage: bridge-store-effect:0.1.0\nnewTag: 0.1.0\n';
    assert.equal(withVersion(text, '0.2.0'), 'apiVersion: 1.0.0\nimage: bridge-store-effect:0.2.0\nnewTag: 0.2.0\n');
  });
});

describe('the changelog', () => {
  it('has the changes under the version, and none that are unreleased', () => {
    const before = '# Changelog\n\n## [Unreleased]\n\n### Added\n\n- `$&` one\n\n## [0.1.0] - 2026-11-23\n\n- Old\n';
    const { text, notes } = released(before, '0.2.0', '2026-11-28');
    assert.equal(notes, '### Added\n\n- `$&` one');
    assert.equal(
      text,
      '# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-11-28\n\n### Added\n\n- `$&` one\n\n## [0.1.0] - 2026-11-23\n\n- Old\n',
    );
    assert.throws(
      () => released(text, '0.3.0', '2026-11-29'),
      /expected changes under "## \[Unreleased\]", got nothing/,
    );
  });

  it('may have no version yet', () => {
    const { text, notes } = released('## [Unreleased]\n\n- One\n- Two\n', '0.1.0', '2026-11-28');
    assert.equal(notes, '- One\n- Two');
    assert.equal(text, '## [Unreleased]\n\n## [0.1.0] - 2026-11-28\n\n- One\n- Two\n\n');
  });
});

describe('an audit', () => {
  it('names packages with a known weakness', () => {
    const vulnerabilities = { pg: { severity: 'high', range: '<8.1.0', via: [] } };
    assert.deepEqual(judged(JSON.stringify({ auditReportVersion: 2, vulnerabilities })), {
      answered: true,
      lines: ['pg <8.1.0: high'],
    });
    assert.deepEqual(judged('{"auditReportVersion":2,"vulnerabilities":{}}'), { answered: true, lines: [] });
  });

  it('without an answer is no audit that found nothing', () => {
    assert.deepEqual(judged('{"message":"405 Method Not Allowed","statusCode":405}'), {
      answered: false,
      lines: ['405 Method Not Allowed'],
    });
    assert.equal(judged('npm error\nmore').answered, false);
    assert.equal(judged('').answered, false);
  });
});

describe('a release', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bridge-release-'));
    await run('git', ['init', '--quiet', folder]);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const release = (...args: string[]) =>
    run(process.execPath, ['--import', TSX, join(ROOT, 'scripts/release/main.ts'), ...args], {
      cwd: folder,
    }).then(
      () => 'released',
      (error: unknown) => (error as { readonly stderr: string }).stderr,
    );

  it('is refused in a work tree with changes', async () => {
    await writeFile(join(folder, 'new.txt'), 'new');
    assert.equal(await release('minor'), 'release: expected a work tree without changes, got:\n?? new.txt\n');
  });

  it('is refused for a second argument', async () => {
    assert.equal(await release('minor', '--publish'), 'release: expected a version and --dry-run, got --publish\n');
  });
});
