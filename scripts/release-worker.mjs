// `npm run release:worker` makes the present build the released one, with a release.
// `test/worker/released-worker.test.ts` runs it on the schema of each later version.
// A folder as its argument is the root of another clone to pack.
import { Buffer } from 'node:buffer';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TARGET = 'test/data/released-worker.tgz';
const folder = mkdtempSync(join(tmpdir(), 'bridge-released-'));
const needed = (path) => !/\.d\.ts$|\.map$|-encoded-failures\.js$|workflow-bundle-versioned/.test(path);
cpSync(join(process.argv[2] ?? '.', 'dist'), join(folder, 'dist'), { recursive: true, filter: needed });
// The source map of a bundle is two thirds of it. The SDK wants one, and an empty one will do.
const EMPTY = Buffer.from('{"version":3,"sources":[],"names":[],"mappings":""}').toString('base64');
for (const name of readdirSync(join(folder, 'dist')).filter((file) => file.endsWith('.js'))) {
  const path = join(folder, 'dist', name);
  const code = readFileSync(path, 'utf8');
  writeFileSync(path, code.replace(/^(\/\/# sourceMappingURL=data:.*base64,).*$/m, `$1${EMPTY}`));
}
const { status } = spawnSync('tar', ['--create', '--gzip', '--file', TARGET, '--directory', folder, 'dist'], {
  stdio: 'inherit',
});
rmSync(folder, { recursive: true });
if (status !== 0) throw new Error(`tar ended with ${status}`);
process.stdout.write(`${TARGET}\n`);
