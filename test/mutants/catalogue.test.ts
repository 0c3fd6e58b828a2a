/**
 * Every kept mistake can still be made: code that moves on takes its mistakes along, or `npm run test:mutants` tries
 * nothing.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { readCatalogue, readEquivalents } from './catalogue.js';

/** Of changes that no test can notice; the list may only shrink. */
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
