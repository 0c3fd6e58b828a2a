/** This module makes the build that tests start `bridge` from, when a source is newer than it. */
import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The file that the build writes last. */
const LAST = join(root, 'dist', 'workflow-bundle.js');

const timeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** @throws Error with what the compiler printed. */
export async function buildIfStale(): Promise<void> {
  const sources = ['src', 'workflows', 'activities'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(root, folder, file)),
  );
  const newest = Math.max(...[...sources, join(root, 'package-lock.json')].map(timeOf));
  if (timeOf(LAST) > newest) return;
  process.stderr.write('building dist/, which is older than the source ...\n');
  try {
    await promisify(execFile)('npm', ['run', '-s', 'build'], { cwd: root });
  } catch (error) {
    // The compiler tells of its errors on standard output, which the message leaves out.
    throw new Error(`npm run build failed:\n${(error as { stdout?: string }).stdout ?? ''}`, { cause: error });
  }
}
