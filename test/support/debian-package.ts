/** This module unpacks a package of Debian in the user's cache folder: no root is needed, and nothing is installed. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeOnce } from '../../src/stack/cache.js';
import { runCommand } from '../../src/stack/process/run.js';

interface PackageOptions {
  /** Matches the packages it depends on that a system may lack; default: no package. */
  readonly libraries?: RegExp;
  /** The advice for machines that have no such package. */
  readonly otherwise: string;
}

/** @returns the folder, with `usr` in it. @throws when the machine has no packages of Debian, with the advice. */
export const debianPackage = (name: string, cacheDir: string, options: PackageOptions): Promise<string> =>
  makeOnce(join(cacheDir, `${name}-debian`), (directory) => unpack(directory, name, options));

async function unpack(directory: string, name: string, options: PackageOptions): Promise<void> {
  const { libraries = /^$/, otherwise } = options;
  const lists = ['-o', `Dir::State::lists=${join(directory, 'lists')}`, '-o', `Dir::Cache=${join(directory, 'cache')}`];
  const run = (command: string, args: readonly string[]) => runCommand(command, args, { cwd: directory });
  const download = async (from: readonly string[]) => {
    const { output } = await run('apt-cache', [...from, 'depends', name]);
    const needed = [...output.matchAll(/^ *Depends: (\S+)$/gm)].flatMap(([, one]) => one ?? []);
    return run('apt-get', [...from, 'download', name, ...needed.filter((one) => libraries.test(one))]);
  };
  let { code, output } = await download([]);
  if (code !== 0) {
    // A machine that has just been made has no lists of packages. These are for this download only.
    await mkdir(join(directory, 'lists', 'partial'), { recursive: true });
    await mkdir(join(directory, 'cache', 'archives', 'partial'), { recursive: true });
    await run('apt-get', [...lists, 'update']);
    ({ code, output } = await download(lists));
  }
  const unpacked = 'for file in ./*.deb; do dpkg -x "$file" . || exit; done; rm -rf lists cache ./*.deb';
  if (code === 0) ({ code, output } = await run('sh', ['-c', unpacked]));
  if (code !== 0)
    throw new Error(`${name} is not installed, and Debian's package cannot be downloaded; ${otherwise}:\n${output}`);
}
