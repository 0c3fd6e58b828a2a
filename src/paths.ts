/** Where the package's own files are, from source and from a build. */
import { fileURLToPath } from 'node:url';

/** True when run from TypeScript (tests, demo, bench), false from `dist/`. */
export const fromSource = import.meta.url.endsWith('.ts');

/** Of the code: the package's root, or its `dist/`. */
export const codeRoot = fileURLToPath(new URL('..', import.meta.url));

/** A file or folder that a build leaves where it is. */
export const packagePath = (relative: string): string =>
  fileURLToPath(new URL(`${fromSource ? '..' : '../..'}/${relative}`, import.meta.url));
