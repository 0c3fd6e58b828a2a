/**
 * The workflow bundle a worker runs. A build has it beside it and fails without; only from source (tests, demo, bench) is it
 * made on the way, said so in the log, and kept by the hash of what went into it.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import type { Logger } from 'pino';
import { codeRoot, fromSource } from '../paths.js';

/** @returns path of the bundle. */
export async function workflowBundle(logger: Logger): Promise<string> {
  if (fromSource) return cachedBundle(logger);
  const built = join(codeRoot, 'workflow-bundle.js');
  if (!existsSync(built)) throw new Error(`${built} is missing: run "npm run build"`);
  return built;
}

/**
 * Bundles `workflows/index` into `file`.
 * @public called by scripts/bundle.mjs
 */
export async function writeBundle(file: string): Promise<void> {
  const workflowsPath = join(codeRoot, 'workflows', fromSource ? 'index.ts' : 'index.js');
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: silent });
  // Renamed into place: two workers starting at once must not read each other's half.
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, code);
  await rename(temporary, file);
}

async function cachedBundle(logger: Logger): Promise<string> {
  const hash = createHash('sha256');
  for (const directory of ['workflows', 'src/intents', 'src/temporal']) {
    const files = (await readdir(join(codeRoot, directory), { recursive: true }))
      .filter((file) => file.endsWith('.ts'))
      .sort();
    for (const file of files) hash.update(file).update(await readFile(join(codeRoot, directory, file)));
  }
  hash.update(await readFile(join(codeRoot, 'package-lock.json')));
  const file = join(codeRoot, '.cache', `workflow-bundle-${hash.digest('hex').slice(0, 16)}.js`);
  if (!existsSync(file)) {
    logger.info('bundling the workflows from source');
    await mkdir(join(codeRoot, '.cache'), { recursive: true });
    await writeBundle(file);
  }
  return file;
}

const nothing = (): void => undefined;
const silent = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };
