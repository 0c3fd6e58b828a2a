/** This module says where the package's own files are, from source and from a build, and which version they are of. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** True when the code runs from TypeScript (tests, demo, bench), false from `dist/`. */
export const fromSource = import.meta.url.endsWith('.ts');

/** The root folder of the code: the package's root, or its `dist/`. */
export const codeRoot = fileURLToPath(new URL('..', import.meta.url));

/** The path of the module that encodes the messages of failures: the Temporal SDK loads it by its path. */
export const failureConverterPath = join(codeRoot, 'src', 'payloads', `failure-converter.${fromSource ? 'ts' : 'js'}`);

/** Returns the path of a file or folder that a build leaves where it is. */
export const packagePath = (relative: string): string =>
  fileURLToPath(new URL(`${fromSource ? '..' : '../..'}/${relative}`, import.meta.url));

/** Returns the version of the package. */
export async function packageVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(packagePath('package.json'), 'utf8')) as { readonly version: string };
  return version;
}
