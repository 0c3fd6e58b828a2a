// This script installs the dependencies when they are missing or older than the lock file, so that one command works on
// a bare clone.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const changed = (file) => statSync(`${root}/${file}`, { throwIfNoEntry: false })?.mtimeMs ?? 0;

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Node ${process.versions.node} is too old: expected 20.19 or newer\n`);
  process.exit(2);
}
// npm writes this file at the end of an install: an interrupted one is done again.
if (changed('node_modules/.package-lock.json') < changed('package-lock.json')) {
  process.stderr.write('installing dependencies ...\n');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', process.stderr, process.stderr],
    shell: process.platform === 'win32',
  });
  process.exit(status ?? 1);
}
