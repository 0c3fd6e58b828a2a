/**
 * This module installs a packed tarball in an empty folder, from what this clone has installed. Only declared
 * dependencies get there, so a package that lacks one cannot be imported.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const manifestOf = async (folder: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;

/** @returns the folder of the package in the project. */
export async function install(tarball: string, project: string, modules: string): Promise<string> {
  const unpacked = join(project, 'unpacked');
  await mkdir(unpacked, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', unpacked]);
  const { name, dependencies = {} } = await manifestOf(join(unpacked, 'package'));
  const folder = join(project, 'node_modules', name);
  await cp(join(unpacked, 'package'), folder, { recursive: true });
  await copyAll(Object.keys(dependencies), modules, modules, join(project, 'node_modules'));
  return folder;
}

/** Copies packages and what they depend on, to where npm has put them. @param from is where the dependent stands. */
async function copyAll(names: readonly string[], from: string, modules: string, to: string): Promise<void> {
  for (const name of names) {
    const found = await resolved(name, from, modules);
    // An optional package for another platform is not installed.
    if (found === null) continue;
    const target = join(to, found.slice(modules.length));
    if (await isThere(target)) continue;
    await cp(found, target, {
      recursive: true,
      filter: (path) => !path.slice(found.length).startsWith('/node_modules'),
    });
    const { dependencies = {}, optionalDependencies = {} } = await manifestOf(found);
    await copyAll([...Object.keys(dependencies), ...Object.keys(optionalDependencies)], found, modules, to);
  }
}

/** Finds a package as Node does: beside its dependent, else further up. */
async function resolved(name: string, from: string, modules: string): Promise<string | null> {
  for (let folder = from; folder.startsWith(modules); folder = dirname(folder)) {
    const here = folder === modules ? join(modules, name) : join(folder, 'node_modules', name);
    if (await isThere(here)) return here;
  }
  return null;
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Returns the bytes of a folder. */
export async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
