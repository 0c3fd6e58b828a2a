/** This module knows the version of the package. */
import { readFile } from 'node:fs/promises';
import { packagePath } from '../paths.js';

export async function packageVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(packagePath('package.json'), 'utf8')) as { readonly version: string };
  return version;
}
