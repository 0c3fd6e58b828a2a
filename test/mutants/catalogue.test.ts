/**
 * These tests check that every kept mistake can still be made. Code that moves on has to take its mistakes along, or
 * `npm run test:mutants` tries nothing.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCatalogue, readEquivalents } from './catalogue.js';
import { MOCHA } from './checkout.js';

/** The most changes that no test can notice. The list may only shrink. */
const MOST_EQUIVALENTS = 11;

describe('the kept mistakes', () => {
  it('are each of a text that is there once, for a test file that is there', () => {
    const mistakes = readCatalogue();
    assert.ok(mistakes.length > 0);
    const problems = mistakes.flatMap(({ name, file, find, test }) => [
      ...textProblem(name, file, find),
      ...(existsSync(test) ? [] : [`${name}: there is no ${test}`]),
    ]);
    assert.deepEqual(problems, []);
  });

  it('are each noticed by a test that has the title it is named by', () => {
    const mistakes = readCatalogue();
    const directory = mkdtempSync(join(tmpdir(), 'mutant-titles-'));
    const output = join(directory, 'mocha.json');
    const reporter = ['--reporter', 'json', '--reporter-option', `output=${output}`];
    const files = [...new Set(mistakes.map(({ test }) => test))];
    // Titles are made by code, so only loading the files tells them. A dry run runs no test and no hook.
    const args = [...MOCHA, '--no-config', '--dry-run', '--exit', ...reporter, ...files];
    try {
      const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      assert.equal(status, 0, stderr);
      const { tests } = JSON.parse(readFileSync(output, 'utf8')) as { tests: { file: string; fullTitle: string }[] };
      const lost = mistakes.filter(
        ({ test, grep }) => !tests.some(({ file, fullTitle }) => file.endsWith(test) && fullTitle.includes(grep)),
      );
      assert.deepEqual(
        lost.map(({ name, test, grep }) => `${name}: ${test} has no "${grep}"`),
        [],
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  }).timeout(120_000);

  it('are apart from the few that nobody can notice, which are of a text that is there, too', () => {
    const equivalents = readEquivalents();
    assert.deepEqual(
      equivalents.flatMap(({ name, file, find }) => textProblem(name, file, find)),
      [],
    );
    assert.ok(equivalents.length <= MOST_EQUIVALENTS, `${equivalents.length} changes are said to be equivalent`);
    const made = new Set(readCatalogue().map(({ file, find, replace }) => JSON.stringify([file, find, replace])));
    const both = equivalents.filter(({ file, find, replace }) => made.has(JSON.stringify([file, find, replace])));
    assert.deepEqual(both, []);
  });
});

function textProblem(name: string, file: string, find: string): string[] {
  const times = readFileSync(file, 'utf8').split(find).length - 1;
  return times === 1 ? [] : [`${name}: ${file} has its text ${times} times`];
}
