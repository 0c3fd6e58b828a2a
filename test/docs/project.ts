/**
 * This module makes what a reader has before they follow a page. That is a clone of the sources, and the package that
 * was built and packed from it.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fetchTemporal } from '../../src/stack/native/temporal/service.js';
import { runCommand } from '../../src/stack/process/run.js';
import { createReporter } from '../../src/stack/progress.js';
import type { Environment } from '../support/environment.js';
import { freePort } from '../support/free-port.js';

const run = promisify(execFile);

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const STAND_INS = fileURLToPath(new URL('stand-ins', import.meta.url));

/** Files and folders of the clone that a page works with. */
const SOURCES = [
  'src',
  'workflows',
  'activities',
  'migrations',
  'scripts',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
];

export interface Project {
  /** The folder of `bridge-store-effect`, which is the clone, and of the package beside it. */
  readonly folder: string;
  readonly clone: string;
  readonly env: NodeJS.ProcessEnv;
  /** Whether Python has `temporalio`; if not, a stand-in hands its calls to Temporal's command line. */
  readonly hasTemporalio: boolean;
  remove(): Promise<void>;
}

export async function createProject(environment: Environment): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'bridge-docs-'));
  const clone = join(folder, 'bridge-store-effect');
  await mkdir(clone);
  await Promise.all([
    // The copies keep the times of their files, because scripts/ensure-installed.mjs compares them.
    ...SOURCES.map((name) => cp(join(ROOT, name), join(clone, name), { recursive: true, preserveTimestamps: true })),
    symlink(join(ROOT, 'node_modules'), join(clone, 'node_modules')),
    run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: ROOT, env: withoutNpm(process.env) }),
  ]);
  const { stdout: npm } = await run('bash', ['-c', 'command -v npm'], { env: process.env });
  const hasTemporalio = (await runCommand('python3', ['-c', 'import temporalio.client'])).code === 0;
  const { config } = environment;
  const env = {
    ...withoutNpm(environment.env),
    // The pages wait for what the second terminal logs at this level.
    LOG_LEVEL: 'info',
    PORT: String(await freePort()),
    NO_COLOR: '1',
    PATH: [join(STAND_INS, 'bin'), process.env['PATH']].join(delimiter),
    REAL_NPM: npm.trim(),
    CLONE_MODULES: join(ROOT, 'node_modules'),
    TEMPORAL_CLI: await fetchTemporal(config.BRIDGE_CACHE_DIR, {
      run: runCommand,
      reporter: createReporter(undefined),
    }),
    ...(hasTemporalio ? {} : { PYTHONPATH: join(STAND_INS, 'python') }),
  };
  return { folder, clone, env, hasTemporalio, remove: () => rm(folder, { recursive: true, force: true }) };
}

/**
 * Returns the environment without npm's variables. With them, `npm test` makes every npm below it take this project for
 * its own.
 */
const withoutNpm = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !/^npm_/i.test(name)));
