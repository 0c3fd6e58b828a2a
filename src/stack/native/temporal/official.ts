/** This module fetches Temporal's CLI as its makers publish it, by the downloader of Temporal's own test package. */
import { chmod, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type RunCommand, TIMED_OUT } from '../../process/run.js';
import { TEMPORAL_CLI } from '../../versions.js';

/**
 * Milliseconds for 44 MB at 1 MB/s, and for the start of the server. A network that swallows packets must not hold the
 * other ways up.
 */
const TIMEOUT_MS = 60_000;

/**
 * Puts the binary into `directory` as `temporal`.
 * @returns null, or the reason why there is no binary.
 */
export async function fetchOfficial(directory: string, run: RunCommand): Promise<string | null> {
  // The downloader gets a process of its own: it starts Temporal's native runtime, of which a process has one.
  const extension = extname(import.meta.url);
  const program = fileURLToPath(new URL(`download${extension}`, import.meta.url));
  const parts = join(directory, 'official');
  await mkdir(parts);
  try {
    // Node does not load TypeScript by itself.
    const loader =
      extension === '.ts' ? ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href] : [];
    const args = [...loader, program, `v${TEMPORAL_CLI}`, parts];
    const { code, output } = await run(process.execPath, args, { timeoutMs: TIMEOUT_MS });
    if (code === TIMED_OUT) return `no download within ${TIMEOUT_MS / 1_000} s`;
    if (code !== 0) return innermost(output.trim().split('\n').at(-1) ?? '');
    const [name] = await readdir(parts);
    if (name === undefined) return 'the download left no file';
    const binary = join(directory, 'temporal');
    await rename(join(parts, name), binary);
    await chmod(binary, 0o755);
    return null;
  } finally {
    await rm(parts, { recursive: true, force: true });
  }
}

/** Returns the end of a message: the downloader wraps an error several times, and names what happened last. */
const innermost = (message: string): string => message.split(': ').slice(-2).join(': ');
