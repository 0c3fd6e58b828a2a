/**
 * This module runs Stryker's tests on mocha 12, because Stryker's own runner for Node 20 knows mocha up to 11. All
 * mutants of a process share the modules it has loaded. A mutant that acts while a module loads gets a process of its
 * own. There the files that import its module come first, as most mutants fail them, and then all that reach it.
 */
import { relative } from 'node:path';
import { commonTokens, declareClassPlugin, PluginKind, tokens } from '@stryker-mutator/api/plugin';
import {
  determineHitLimitReached,
  DryRunStatus,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';
import fc from 'fast-check';
import Mocha from 'mocha';
import selection from '../test/support/server-free.cjs';

/** Milliseconds of a test: one that hangs on a mutant has failed; one that is slow without a mutant has not. */
const MUTANT_TIMEOUT_MS = 3_000;
const DRY_RUN_TIMEOUT_MS = 60_000;

/** The code of mocha's time-out error. */
const TIMEOUT = 'ERR_MOCHA_TIMEOUT';

const idOf = (test) => `${relative(process.cwd(), test.file)}: ${test.fullTitle()}`;
const titleOf = (id) => id.slice(id.indexOf(': ') + 2);
const escaped = (text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** Returns whether a test file imports one of the modules, by way of others or not. */
function reaches(file, modules) {
  const reached = selection.reachedFrom(file);
  return modules.some((module) => reached.has(module));
}

class MutationRunner {
  static inject = tokens(commonTokens.options);

  constructor({ mutate, mutationRunner }) {
    /** Files with mutants; `--mutate` may add lines to a name. */
    this.modules = mutate.map((name) => name.replace(/:.*$/, ''));
    this.skip = mutationRunner.skip;
    /** This object says to the mutated code which mutant is active; the code notes in it what it passes through. */
    this.mutated = globalThis.__stryker__ ??= {};
  }

  capabilities() {
    return { reloadEnvironment: false };
  }

  async init() {
    // The seed is fixed: the survivors have to be the same in each run.
    fc.configureGlobal({ seed: 1 });
    await import('../test/support/without-servers.ts');
  }

  async dryRun() {
    await this.load((file) => reaches(file, this.modules));
    const result = await this.run(DRY_RUN_TIMEOUT_MS);
    return result.status === DryRunStatus.Complete
      ? { ...result, mutantCoverage: this.mutated.mutantCoverage }
      : result;
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, mutantActivation, sandboxFileName }) {
    const isStatic = mutantActivation === 'static';
    if (isStatic) this.mutated.activeMutant = activeMutant.id;
    const module = relative(process.cwd(), sandboxFileName);
    const imports = (file) => selection.importsOf(file).includes(module);
    const rounds = isStatic
      ? [imports, (file) => !imports(file) && reaches(file, [module])]
      : [(file) => reaches(file, this.modules)];
    let result;
    for (const isWanted of rounds) {
      try {
        if (isStatic || this.mocha === undefined) await this.load(isWanted);
      } catch (error) {
        return { status: 'killed', killedBy: [], failureMessage: `does not load: ${String(error)}`, nrOfTests: 0 };
      }
      Object.assign(this.mutated, { activeMutant: activeMutant.id, hitLimit, hitCount: hitLimit && 0 });
      this.mocha.grep(new RegExp(testFilter?.map((id) => `^${escaped(titleOf(id))}$`).join('|') ?? ''));
      result = toMutantRunResult(await this.run(MUTANT_TIMEOUT_MS));
      if (result.status !== 'survived') break;
    }
    return result;
  }

  /** Loads tests. A file is loaded once in a process, as modules stay loaded. */
  async load(isWanted) {
    const mocha = new Mocha();
    const silent = function () {
      // Results are taken from the runner's events.
    };
    mocha.reporter(silent).cleanReferencesAfterRun(false);
    for (const file of selection.serverFree()) {
      if (!this.skip.includes(file) && isWanted(file)) mocha.addFile(file);
    }
    await mocha.loadFilesAsync();
    this.mocha = mocha;
  }

  /** Runs until the first failure, which is all that a mutant needs. */
  run(timeout) {
    const tests = [];
    let timedOut = false;
    this.mocha.suite.eachTest((test) => test.timeout(timeout));
    return new Promise((resolve) => {
      const runner = this.mocha
        .bail(true)
        .run(() =>
          resolve(
            determineHitLimitReached(this.mutated.hitCount, this.mutated.hitLimit) ??
              (timedOut ? { status: DryRunStatus.Timeout } : { status: DryRunStatus.Complete, tests }),
          ),
        );
      runner.on('test', (test) => (this.mutated.currentTestId = idOf(test)));
      const ended = (test, rest) =>
        tests.push({
          id: idOf(test),
          name: test.fullTitle(),
          fileName: test.file,
          timeSpentMs: test.duration ?? 0,
          ...rest,
        });
      runner.on('pass', (test) => ended(test, { status: TestStatus.Success }));
      runner.on('fail', (test, { code, message, stack }) => {
        // A time-out on a busy machine is no verdict on a mutant which is argued to be equivalent.
        timedOut ||= code === TIMEOUT;
        // A hook fails for the test it was run for.
        ended(test.ctx?.currentTest ?? test, {
          status: TestStatus.Failed,
          failureMessage: message || stack || 'failed',
        });
      });
    });
  }
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'server-free mocha', MutationRunner)];
export const strykerValidationSchema = { properties: { mutationRunner: { type: 'object' } } };
