/**
 * This module finds the workflow bundle that a worker runs. A build has the bundle beside it, and fails without it.
 * From source (tests, demo, bench) the bundle is made on the way. The log says so, and the bundle is kept by the hash
 * of what went into it.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BundleOptions, bundleWorkflowCode } from '@temporalio/worker';
import type { Logger } from 'pino';
import { codeRoot, failureConverterPath, fromSource } from '../paths.js';

/**
 * @param converterPath `failureConverterPath` of the worker's data converter. There is a bundle with it, and one
 * without.
 * @param versioned whether the worker has a version (ADR 0044): its bundle says what each workflow does at a deploy.
 * @returns path of the bundle.
 */
export async function workflowBundle(logger: Logger, converterPath?: string, versioned = false): Promise<string> {
  const variant = { converterPath, versioned };
  if (fromSource) return cachedBundle(logger, variant);
  const built = join(codeRoot, nameOf('workflow-bundle', variant));
  if (!existsSync(built)) throw new Error(`${built} is missing: run "npm run build"`);
  return built;
}

/** Returns the hash of a bundle. It is the same for all workers that run the same workflow code. */
export async function bundleHash(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
    .slice(0, 16);
}

/** A variant tells the bundles of a build apart. */
interface Variant {
  readonly converterPath: string | undefined;
  readonly versioned: boolean;
}

const nameOf = (name: string, { converterPath, versioned }: Variant): string =>
  `${name}${versioned ? '-versioned' : ''}${converterPath === undefined ? '' : '-encoded-failures'}.js`;

/**
 * Writes the bundles of a build into `folder`.
 * @public called by scripts/bundle.mjs
 */
export async function writeBundles(folder: string): Promise<void> {
  for (const versioned of [true, false]) {
    for (const converterPath of [undefined, failureConverterPath]) {
      const variant = { converterPath, versioned };
      await writeBundle(join(folder, nameOf('workflow-bundle', variant)), variant);
    }
  }
}

/** Bundles `workflows/index`, or `workflows/versioned`, into `file`. */
async function writeBundle(file: string, { converterPath, versioned }: Variant): Promise<void> {
  const entry = versioned ? 'versioned' : 'index';
  const workflowsPath = join(codeRoot, 'workflows', `${entry}.${fromSource ? 'ts' : 'js'}`);
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    ...(converterPath === undefined ? {} : { failureConverterPath: converterPath }),
    logger: silent,
    webpackConfigHook: forNode,
  });
  // The file is renamed at the end: of two workers that start at once, neither may read the other's half. Both may be
  // in one process, so the name is not made of its id.
  const temporary = `${file}.${randomUUID()}`;
  await writeFile(temporary, code);
  await rename(temporary, file);
}

type Hook = NonNullable<BundleOptions['webpackConfigHook']>;

/**
 * Makes the bundle cheaper to evaluate, because each execution evaluates every module of it anew. Our modules become
 * one. What the SDK compiles from source is to be es2022, as a build is. In es2017 each private method is a set that
 * every object is added to. Together this saves 7 % of the CPU of replaying a list of 20 (10.5 -> 9.8 ms, medians of
 * twelve times 300).
 * @throws Error when the SDK no longer compiles in the way this relies on.
 */
const forNode: Hook = (config) => {
  const rules = (config.module?.rules ?? []) as readonly (CompilerRule | null)[];
  const compiler = rules.map((rule) => rule?.use?.options?.jsc).find((options) => options?.target !== undefined);
  if (compiler === undefined)
    throw new Error("the Temporal SDK's bundler has no rule that names a target for TypeScript");
  compiler.target = 'es2022';
  return {
    ...config,
    optimization: { ...config.optimization, providedExports: true, usedExports: true, concatenateModules: true },
  };
};

/** This type is the part of a bundler's rule that `forNode` looks for. */
interface CompilerRule {
  readonly use?: { readonly options?: { readonly jsc?: { target?: string } } };
}

async function cachedBundle(logger: Logger, variant: Variant): Promise<string> {
  const hash = createHash('sha256');
  for (const directory of ['workflows', 'src/domain', 'src/temporal', 'src/payloads']) {
    const files = (await readdir(join(codeRoot, directory), { recursive: true }))
      .filter((file) => file.endsWith('.ts'))
      .sort();
    for (const file of files) hash.update(file).update(await readFile(join(codeRoot, directory, file)));
  }
  hash.update(await readFile(join(codeRoot, 'package-lock.json')));
  const name = `workflow-bundle-${hash.digest('hex').slice(0, 16)}`;
  const file = join(codeRoot, '.cache', nameOf(name, variant));
  if (!existsSync(file)) {
    logger.info('bundling the workflows from source');
    await mkdir(join(codeRoot, '.cache'), { recursive: true });
    await writeBundle(file, variant);
  }
  return file;
}

const nothing = (): void => undefined;
const silent = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };
