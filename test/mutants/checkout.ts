/**
 * A checkout is a copy of the working tree to make mistakes in. The tree itself is never changed, also when the run is
 * killed.
 */
import { execFileSync, spawn } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import selection from '../support/server-free.cjs';
import type { Mutant } from './catalogue.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

export type Verdict =
  /** The named test has noticed the mistake. */
  | { readonly outcome: 'killed' }
  | { readonly outcome: 'survived' }
  /** The test could not be run, or another one failed. */
  | { readonly outcome: 'broken'; readonly why: string };

export interface Checkout {
  /** Runs the named test without any mistake, or with one. */
  run(mutant: Pick<Mutant, 'test' | 'grep'> & Partial<Mutant>): Promise<Verdict>;
  remove(): void;
}

/**
 * Arguments that run mocha as `npx mocha` does in the end, without the three processes before it. Those take a second
 * of CPU, several hundred times.
 */
export const MOCHA = ['--import', 'tsx', realpathSync(join(root, 'node_modules/mocha/lib/cli/cli.js'))];

/** Tests that need no servers do not wait for them. */
const serverFree = new Set(selection.serverFree());
const WITHOUT_SERVERS = ['--no-config', '--timeout', '60000', '--require', 'test/support/without-servers.ts'];

/** Milliseconds for one test with its start, because a mistake may hang the test. */
const LIMIT_MS = 240_000;

export function makeCheckout(): Checkout {
  const folder = mkdtempSync(join(tmpdir(), 'bridge-mutants-'));
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: root, encoding: 'utf8' });
  for (const file of listed.split('\0').filter(Boolean)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(root, file), join(folder, file));
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return {
    async run({ file, find, replace, test, grep }) {
      if (file === undefined || find === undefined || replace === undefined) return runTest(folder, test, grep);
      const path = join(folder, file);
      const original = readFileSync(path, 'utf8');
      const found = original.split(find).length - 1;
      if (found !== 1) return { outcome: 'broken', why: `its text stands in ${file} ${found} times` };
      writeFileSync(
        path,
        original.replace(find, () => replace),
      );
      try {
        return await runTest(folder, test, grep);
      } finally {
        writeFileSync(path, original);
      }
    },
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface MochaResult {
  readonly stats: { readonly tests: number };
  readonly failures: readonly { readonly fullTitle: string; readonly err: { readonly message?: string } }[];
}

async function runTest(folder: string, test: string, grep: string): Promise<Verdict> {
  const output = join(folder, 'mocha.json');
  rmSync(output, { force: true });
  const reporter = ['--reporter', 'json', '--reporter-option', `output=${output}`];
  const printed: string[] = [];
  // A build takes 30 s of CPU, and most tests start no command.
  const builds = readFileSync(join(folder, test), 'utf8').includes('/support/bridge.js');
  const mode = serverFree.has(test) ? WITHOUT_SERVERS : ['--no-parallel'];
  const child = spawn(process.execPath, [...MOCHA, ...mode, ...reporter, '--fgrep', grep, test], {
    cwd: folder,
    // The mistakes that survive have to be the same in each run, so that the seed is fixed.
    env: { ...process.env, TEST_BUILD: builds ? 'yes' : 'no', MODEL_SEED: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // The test has a process group of its own, so that what it has started ends with it.
    detached: true,
  });
  child.stdout.on('data', (text: Buffer) => printed.push(text.toString()));
  child.stderr.on('data', (text: Buffer) => printed.push(text.toString()));
  const hung = await new Promise<boolean>((resolve) => {
    const limit = setTimeout(() => {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
      resolve(true);
    }, LIMIT_MS);
    child.once('close', () => {
      clearTimeout(limit);
      resolve(false);
    });
  });
  // The test ends when there is no mistake, so that a mistake that keeps it from ending is noticed.
  if (hung) return { outcome: 'killed' };
  const tail = printed.join('').trim().split('\n').slice(-3).join(' | ');
  let result: MochaResult;
  try {
    result = JSON.parse(readFileSync(output, 'utf8')) as MochaResult;
  } catch {
    return { outcome: 'broken', why: `no report: ${tail}` };
  }
  const { stats, failures } = result;
  if (stats.tests === 0) return { outcome: 'broken', why: 'no test has that title' };
  if (failures.length === 0) return { outcome: 'survived' };
  // Invariants fail in a hook after the test. When a hook before the test fails, the named test has not been tried.
  const tried = failures.filter(({ fullTitle }) => !/"before (all|each)" hook/.test(fullTitle));
  return tried.some(({ fullTitle }) => fullTitle.includes(grep))
    ? { outcome: 'killed' }
    : { outcome: 'broken', why: `another failed: ${failures[0]?.fullTitle ?? ''}: ${failures[0]?.err.message ?? ''}` };
}
