/** This module says where the package's own files are, from source and from a build. */
import { fileURLToPath } from 'node:url';

/** True when the code runs from TypeScript (tests, demo, bench), false from `dist/`. */
export const fromSource = import.meta.url.endsWith('.ts');

/** The root folder of the code: the package's root, or its `dist/`. */
export const codeRoot = fileURLToPath(new URL('..', import.meta.url));

/** Returns the path of a file or folder that a build leaves where it is. */
export const packagePath = (relative: string): string =>
  fileURLToPath(new URL(`${fromSource ? '..' : '../..'}/${relative}`, import.meta.url));
