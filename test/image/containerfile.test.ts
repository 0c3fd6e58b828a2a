/** These tests check the Containerfile without an engine: what it copies is there, and what it promises is in it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVED } from '../deployments/manifests.js';

const { version, scripts, bin, files } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly bin: { readonly bridge: string };
  readonly files: readonly string[];
};

/** The instructions, each on one line, without comments. */
const instructions = readFileSync('Containerfile', 'utf8')
  .replace(/^#.*\n/gm, '')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter((line) => line !== '');
const last = instructions.slice(instructions.findLastIndex((line) => line.startsWith('FROM')));
const of = (lines: readonly string[], name: string): string[] =>
  lines.flatMap((line) => (line.startsWith(`${name} `) ? [line.slice(name.length + 1).trim()] : []));

describe('the Containerfile', () => {
  it('copies files that are there and that .containerignore lets through', () => {
    const let_through = readFileSync('.containerignore', 'utf8')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    const copied = of(instructions, 'COPY')
      .filter((line) => !line.startsWith('--from'))
      .flatMap((line) => line.split(/\s+/).slice(0, -1));
    assert.ok(copied.length > 8);
    for (const path of copied) {
      assert.ok(existsSync(path), path);
      assert.ok(let_through.includes(path), `${path} is ignored`);
    }
    for (const path of let_through) assert.ok(copied.includes(path), `${path} is not copied`);
  });

  it('has all that the package has to have at run time', () => {
    const taken = of(last, 'COPY').map((line) => line.split(/\s+/).slice(0, -1).join(' '));
    for (const path of ['dist', 'migrations']) {
      assert.ok(files.includes(path));
      assert.ok(
        taken.some((line) => line.endsWith(path)),
        path,
      );
    }
    assert.match(of(last, 'RUN').join(), new RegExp(`/app/${bin.bridge} /usr/local/bin/bridge`));
    for (const script of ['scripts/bundle.mjs']) assert.ok(scripts['build']?.includes(script), script);
  });

  it('runs bridge without rights, and ends and checks it as the process wants', () => {
    assert.deepEqual(of(last, 'USER'), ['10001:10001']);
    assert.deepEqual(of(last, 'STOPSIGNAL'), ['SIGTERM']);
    assert.deepEqual([of(last, 'ENTRYPOINT'), of(last, 'CMD')], [['["bridge"]'], ['["worker"]']]);
    const [health = ''] = of(last, 'HEALTHCHECK');
    const path = /\}(\/\w+)`/.exec(health)?.[1] ?? '';
    assert.ok(SERVED.includes(path), path);
    assert.match(health, /process\.env\.PORT \|\| 8080/);
    assert.deepEqual(of(last, 'EXPOSE'), ['8080']);
  });

  it('installs by the lock file, and has a list of its parts and labels', () => {
    const run = of(instructions, 'RUN').join('\n');
    assert.doesNotMatch(run, /npm (install|i) /);
    assert.match(run, /npm ci --omit=dev/);
    assert.match(run, /npm sbom --omit=dev --sbom-format=cyclonedx/);
    assert.ok(of(last, 'COPY').some((line) => line.includes('sbom.json')));
    for (const label of ['title', 'licenses', 'version', 'revision', 'created'])
      assert.ok(of(last, 'LABEL').join().includes(`org.opencontainers.image.${label}=`), label);
    assert.doesNotMatch(instructions.join('\n'), /:latest|^ADD /m);
    assert.match(version, /^\d+\.\d+\.\d+$/);
  });

  it('has a health check that a process without an answer fails', () => {
    const [health = ''] = of(last, 'HEALTHCHECK');
    const command = JSON.parse(health.slice(health.indexOf('['))) as [string, ...string[]];
    const run = spawnSync(process.execPath, command.slice(1), { env: { PORT: '1' } });
    assert.equal(run.status, 1, String(run.stderr));
  });
});

describe('pruning an image', () => {
  it('leaves the native module of this platform, and no file for compilers', () => {
    const modules = mkdtempSync(join(tmpdir(), 'prune-'));
    try {
      const own = `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-${process.platform === 'darwin' ? 'apple-darwin' : 'unknown-linux-gnu'}`;
      const bridge = '@temporalio/core-bridge';
      const kept = [`${bridge}/releases/${own}/index.node`, `${bridge}/index.js`, 'zod/index.js'];
      const gone = [
        `${bridge}/releases/x86_64-pc-windows-msvc/index.node`,
        `${bridge}/sdk-core/lib.rs`,
        'zod/index.d.ts',
      ];
      for (const file of [...kept, ...gone, 'zod/index.js.map']) {
        mkdirSync(join(modules, file, '..'), { recursive: true });
        writeFileSync(join(modules, file), '');
      }
      const prune = () => spawnSync(process.execPath, ['scripts/prune-image.mjs', modules], { encoding: 'utf8' });
      assert.equal(prune().status, 0);
      for (const file of kept) assert.ok(existsSync(join(modules, file)), file);
      for (const file of [...gone, 'zod/index.js.map']) assert.ok(!existsSync(join(modules, file)), file);
      rmSync(join(modules, bridge, 'releases', own), { recursive: true });
      assert.match(prune().stderr, /expected a native module for/);
    } finally {
      rmSync(modules, { recursive: true, force: true });
    }
  });
});
