/** This module builds the wheel of the Python client, and installs it in an empty folder beside what it declares. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { makeOnce } from '../../src/stack/cache.js';

const run = promisify(execFile);
export const CLIENT = fileURLToPath(new URL('../../clients/python', import.meta.url));

export interface InstalledWheel {
  readonly wheel: string;
  readonly python: string;
  /** The folder with the packages that the wheel declares. */
  readonly packages: string;
  /** The variables by which this Python finds the package. */
  readonly env: NodeJS.ProcessEnv;
}

/** @throws AssertionError where this machine has no Python with pip. */
export async function installWheel(project: string, cacheDir: string): Promise<InstalledWheel> {
  const version = await pythonVersion();
  const declared = await readFile(join(CLIENT, 'pyproject.toml'), 'utf8');
  const key = createHash('sha256')
    .update(version)
    .update(declared.replace(/^version = .*$/m, ''))
    .digest('hex');
  await mkdir(cacheDir, { recursive: true });
  const folder = await makeOnce(join(cacheDir, `python-client-${key.slice(0, 16)}`), makeEnvironment);
  const python = join(folder, 'bin', 'python');
  const pip = (...args: string[]) =>
    run(python, ['-m', 'pip', '--disable-pip-version-check', ...args], { cwd: project });
  await pip('wheel', '--quiet', '--no-deps', '--no-build-isolation', '--wheel-dir', project, CLIENT);
  const [name = ''] = (await readdir(project)).filter((file) => file.endsWith('.whl'));
  const wheel = join(project, name);
  const site = join(project, 'site');
  await pip('install', '--quiet', '--no-index', '--no-deps', '--target', site, wheel);
  const packages = join(folder, 'lib', `python${version}`, 'site-packages');
  return { wheel, python, packages, env: { PYTHONPATH: site, PYTHONDONTWRITEBYTECODE: '1' } };
}

/** Returns the version as the folders of Python have it, such as `3.11`. */
async function pythonVersion(): Promise<string> {
  const print = 'import sys, pip, venv; print("%d.%d" % sys.version_info[:2])';
  try {
    return (await run('python3', ['-c', print])).stdout.trim();
  } catch (error) {
    const { code, stderr = '' } = error as { readonly code?: unknown; readonly stderr?: string };
    const reason = code === 'ENOENT' ? 'there is no python3' : (stderr.trim().split('\n').at(-1) ?? '');
    return assert.fail(`the tests of the Python client need Python 3.11 or later with pip and venv: ${reason}`);
  }
}

/** Makes a virtual environment with what the package declares, and with what builds it. */
async function makeEnvironment(folder: string): Promise<void> {
  await run('python3', ['-m', 'venv', folder]);
  const pip = (...args: string[]) =>
    run(join(folder, 'bin', 'python'), ['-m', 'pip', '--disable-pip-version-check', ...args]);
  await pip('install', '--quiet', 'flit_core >=3.11,<5');
  await pip('install', '--quiet', '--no-build-isolation', CLIENT);
  await pip('uninstall', '--quiet', '--yes', 'bridge-store-effect');
}
