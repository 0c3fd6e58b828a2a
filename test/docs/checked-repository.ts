/** This module makes a repository of its own for a check of files. `npm run lint` runs the checks on ours. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @param name of the check in `scripts/`, without its extension. */
export function useCheck(name: string) {
  const script = fileURLToPath(new URL(`../../scripts/${name}.mjs`, import.meta.url));
  const directory = mkdtempSync(join(tmpdir(), `${name}-`));
  after(() => rmSync(directory, { recursive: true, force: true }));
  const run = () => spawnSync('node', [script], { cwd: directory, encoding: 'utf8' });
  return {
    directory,
    run,
    /** Runs the check on a repository with these files alone. @returns the lines that it prints. */
    check: async (files: Readonly<Record<string, string>>): Promise<string[]> => {
      rmSync(directory, { recursive: true, force: true });
      await mkdir(directory);
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(directory, path)), { recursive: true });
        await writeFile(join(directory, path), text);
      }
      spawnSync('git', ['init', '-q'], { cwd: directory });
      const { status, stderr } = run();
      assert.equal(status, stderr === '' ? 0 : 1, stderr);
      return stderr.split('\n').filter((line) => line !== '');
    },
  };
}
