/** This module makes a small project with the files and scripts that a release uses, in a git repository of its own. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { NAMING_IMAGE } from '../../scripts/release/versions.js';

const run = promisify(execFile);

export const git = async (folder: string, ...args: string[]): Promise<string> =>
  (await run('git', args, { cwd: folder })).stdout.trim();

/** @param whileBuilding is a command that runs where the build does, as a person would run it meanwhile. */
export async function makeProject(folder: string, whileBuilding: string): Promise<void> {
  const scripts = {
    docs: 'echo generated > generated.txt',
    'release:contract': 'echo contract > contract.txt',
    build: whileBuilding,
  };
  const files: Record<string, string> = {
    'package.json': JSON.stringify({ name: 'stand-in', version: '0.1.0', private: true, scripts }),
    'package-lock.json': JSON.stringify({
      name: 'stand-in',
      version: '0.1.0',
      lockfileVersion: 3,
      packages: { '': { name: 'stand-in', version: '0.1.0' } },
    }),
    'CHANGELOG.md': '# Changelog\n\n## [Unreleased]\n\n- One\n',
    'contract.txt': 'before\n',
    'notes.txt': 'before\n',
    '.gitignore': '/release/\n/bin/\n',
    'scripts/client-package.mjs': '',
    'scripts/release-worker.mjs': `import { writeFileSync } from 'node:fs';\nwriteFileSync('test/data/released-worker.tgz', 'after');\n`,
    'test/data/released-worker.tgz': 'before',
    ...Object.fromEntries(NAMING_IMAGE.map((path) => [path, 'image: bridge-store-effect:0.1.0\n'])),
    // The wheel has tests of its own, and this project has no Python.
    'bin/python3': '#!/bin/sh\n',
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  await chmod(join(folder, 'bin', 'python3'), 0o755);
  await git(folder, 'init', '--quiet');
  await git(folder, 'config', 'user.name', 't');
  await git(folder, 'config', 'user.email', 't@localhost');
  await git(folder, 'add', '.');
  await git(folder, 'commit', '--quiet', '--message', 'Begin');
}
