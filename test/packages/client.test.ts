/** These tests install the client's package alone, and execute a first list with it. They check both packages. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { buildIfStale } from '../support/build.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { persistState } from '../support/intents.js';
import { install, sizeOf } from './installed.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MODULES = join(ROOT, 'node_modules');

/** The size that the client with its dependencies may have. */
const MOST_BYTES = 60_000_000;

const FIRST_LIST = `import { StoreEffectClient } from 'bridge-store-effect-client';
const client = await StoreEffectClient.connect();
const report = await client.executeIntents(JSON.parse(process.argv[2]), { requestId: process.argv[3] });
console.log(report.outcome, JSON.stringify(report.counts));
await client.close();
`;

const TYPED = `import { type Intent, type IntentsReport, StoreEffectClient } from 'bridge-store-effect-client';
const client = await StoreEffectClient.connect();
const intent: Intent = {
  intent_type: 'PublishEvent',
  target: 'event_bus',
  payload: { event_type: 'AGGREGATION_COMPLETED' },
};
const report: IntentsReport = await client.executeIntents([intent]);
// @ts-expect-error an outcome is one of four words
const outcome: 'done' = report.outcome;
// @ts-expect-error there is no such event type
const wrong: Intent = { ...intent, payload: { event_type: 'ORDER_PAID' } };
export { outcome, wrong };
`;

describe('the package of the client', () => {
  let environment: Environment;
  let project: string;
  let folder: string;
  const tarballs = new Map<string, string>();
  before(async function () {
    // A copy of the tree, in which a kept mistake is tried, has to be built.
    this.timeout(200_000);
    environment = await createEnvironment();
    await buildIfStale();
    project = await mkdtemp(join(tmpdir(), 'bridge-client-'));
    // npm's variables of `npm test` would make it pack another folder.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
    await run('node', ['scripts/client-package.mjs', '--pack-destination', project], { cwd: ROOT, env });
    await run('npm', ['pack', '--silent', '--pack-destination', project], { cwd: ROOT, env });
    for (const name of await readdir(project)) tarballs.set(name.replace(/-\d.*$/, ''), join(project, name));
    folder = await install(tarballs.get('bridge-store-effect-client')!, project, MODULES);
    await writeFile(join(project, 'package.json'), '{ "type": "module" }');
  });
  after(async () => {
    await rm(project, { recursive: true, force: true });
    await environment.close();
  });

  it('executes a first list in five lines, with what it declares alone', async () => {
    await writeFile(join(project, 'first-list.js'), FIRST_LIST);
    const args = ['first-list.js', JSON.stringify([persistState()]), `client-${process.pid}-${Date.now()}`];
    const { stdout } = await run(process.execPath, args, { cwd: project, env: environment.env });
    assert.equal(stdout, 'completed {"succeeded":1}\n');
    assert.equal(FIRST_LIST.trim().split('\n').length, 5);
    const { rows } = await environment.pool.query('SELECT 1 FROM bridge_state_rows');
    assert.equal(rows.length, 1);
  });

  it('is small, and has neither worker nor database', async () => {
    const bytes = await sizeOf(join(project, 'node_modules'));
    assert.ok(bytes < MOST_BYTES, `${bytes} bytes`);
    const names = await readdir(join(project, 'node_modules'), { recursive: true });
    for (const name of ['@temporalio/worker', '@temporalio/core-bridge', '@temporalio/testing', 'pg'])
      assert.ok(!names.includes(name), name);
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
    assert.equal(manifest.version, version);
  });

  it('has the module that Temporal loads by its path, for encrypted payloads', async () => {
    await writeFile(join(project, 'keys'), `one ${Buffer.alloc(32, 1).toString('base64')}\n`);
    await writeFile(
      join(project, 'keys.js'),
      `import { dataConverterOf } from 'bridge-store-effect-client';
       const { failureConverterPath } = dataConverterOf({ PAYLOAD_KEYS_FILE: 'keys' });
       const { failureConverter } = await import(failureConverterPath);
       console.log(typeof failureConverter);`,
    );
    const { stdout } = await run(process.execPath, ['keys.js'], { cwd: project });
    assert.equal(stdout, 'object\n');
  });

  it('has types that say what a list and a report are', async () => {
    await writeFile(join(project, 'typed.ts'), TYPED);
    const tsc = join(MODULES, 'typescript', 'bin', 'tsc');
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2023', '--module', 'nodenext'];
    const types = ['--typeRoots', join(MODULES, '@types'), '--types', 'node'];
    await run(process.execPath, [tsc, ...options, ...types, 'typed.ts'], { cwd: project }).catch((error: unknown) => {
      assert.fail((error as { stdout: string }).stdout);
    });
  }).timeout(60_000);

  for (const name of ['bridge-store-effect-client', 'bridge-store-effect']) {
    it(`is one of which publint and attw find nothing: ${name}`, async () => {
      const data = new Uint8Array(await readFile(tarballs.get(name)!));
      const { messages, pkg } = await publint({ pack: { tarball: data.slice().buffer }, strict: true });
      assert.deepEqual(
        messages.map((message) => formatMessage(message, pkg)),
        [],
      );
      const checked = await checkPackage(createPackageFromTarballData(data));
      assert.ok(checked.types !== false, 'it has no types');
      // The packages are ES modules, which every Node that they support can require.
      const found = checked.problems.filter(
        (problem) =>
          problem.kind !== 'CJSResolvesToESM' && !('resolutionKind' in problem && problem.resolutionKind === 'node10'),
      );
      assert.deepEqual(found, []);
    }).timeout(60_000);
  }
});
