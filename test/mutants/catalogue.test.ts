/** Every kept mistake can still be made: code that moves on takes its mistakes along, or `npm run test:mutants` tries nothing. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { readCatalogue } from './catalogue.js';

describe('the kept mistakes', () => {
  it('are each of a text that is there once, for a test file that is there', () => {
    const mistakes = readCatalogue();
    assert.ok(mistakes.length > 0);
    const problems = mistakes.flatMap(({ name, file, find, test }) => {
      const times = readFileSync(file, 'utf8').split(find).length - 1;
      return [
        ...(times === 1 ? [] : [`${name}: ${file} has its text ${times} times`]),
        ...(existsSync(test) ? [] : [`${name}: there is no ${test}`]),
      ];
    });
    assert.deepEqual(problems, []);
  });
});
