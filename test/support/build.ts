/** The build that tests start `bridge` from, made when a source is newer than it. */
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What the build writes last. */
const LAST = join(root, 'dist', 'workflow-bundle.js');

const timeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** @throws Error with what the compiler printed. */
export function buildIfStale(): void {
  const sources = ['src', 'workflows', 'activities'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(root, folder, file)),
  );
  const newest = Math.max(...[...sources, join(root, 'package-lock.json')].map(timeOf));
  if (timeOf(LAST) > newest) return;
  process.stderr.write('building dist/, which is older than the source ...\n');
  const { status, stdout, stderr } = spawnSync('npm', ['run', '-s', 'build'], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm run build failed:\n${stdout}${stderr}`);
}
