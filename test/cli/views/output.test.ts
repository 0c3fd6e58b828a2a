/** These tests check that tables fit the terminal. No line is wider, and nothing is cut off. */
import assert from 'node:assert/strict';
import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import { fitted } from '../../../src/cli/views/output.js';
import { charactersOf } from '../../../src/domain/values/text.js';
import { WORDS } from '../../support/hostile-text.js';

describe('the cells of a table', () => {
  const rows = [
    ['topic', 'key', 'n'],
    ['a'.repeat(50), 'b'.repeat(36), '1'],
  ];
  /** Returns the widths of the columns, without the space before each of them. */
  const widthsAt = (columns: number, given: readonly (readonly string[])[] = rows) => {
    const cells = fitted(given, columns);
    const widthOf = (cell = '') => Math.max(...cell.split('\n').map((line) => stripVTControlCharacters(line).length));
    return cells[0]?.map((_, index) => Math.max(...cells.map((row) => widthOf(row[index]))));
  };

  it('stay as they are where there is room, as in a file', () => {
    assert.deepEqual(fitted(rows, 94), rows);
    assert.deepEqual(fitted(rows, Infinity), rows);
  });

  it('give way, those of the widest column first, until the table fits', () => {
    // The spaces are one before each of three columns, and two gaps of two.
    assert.deepEqual(widthsAt(93), [49, 36, 1]);
    assert.deepEqual(widthsAt(80), [36, 36, 1]);
    assert.deepEqual(widthsAt(60), [26, 26, 1]);
  });

  it('are no narrower than eleven characters, however narrow the terminal', () => {
    assert.deepEqual(widthsAt(10), [11, 11, 1]);
  });

  it('break at spaces, and in a word where it alone is longer than a line; nothing of them is lost', () => {
    const text = `payload.event_type: expected one of AGGREGATION_COMPLETED, got string ${'x'.repeat(70)} at the end`;
    const [[cell = ''] = []] = fitted([[text]], 31);
    assert.deepEqual(cell.split('\n'), [
      'payload.event_type: expected',
      'one of AGGREGATION_COMPLETED,',
      'got string',
      'x'.repeat(30),
      'x'.repeat(30),
      `${'x'.repeat(10)} at the end`,
    ]);
  });

  it('are measured without colours, which no line is broken in', () => {
    const bold = (text: string) => `\u001b[1m${text}\u001b[22m`;
    assert.deepEqual(widthsAt(80, [[bold('ab'), 'c'.repeat(80)]]), [2, 74]);
    const [[cell = ''] = []] = fitted([[`1 ${bold('succeeded')}, 2 ${bold('failed')}`]], 15);
    assert.equal(cell, `1 ${bold('succeeded')}, 2\n${bold('failed')}`);
  });

  it('are measured as wide as they are shown', () => {
    const wide = [['日本語'.repeat(20), '👩‍🚀'.repeat(30), 'e\u0301'.repeat(30)]];
    const cells = fitted(wide, 80)[0] ?? [];
    const widths = cells.map((cell) => Math.max(...cell.split('\n').map((line) => stringWidth(line))));
    assert.ok(widths.reduce((sum, width) => sum + width, 3 + 4) <= 80, String(widths));
    assert.deepEqual(
      cells.map((cell) => cell.replaceAll('\n', '')),
      wide[0],
    );
    assert.deepEqual(fitted([['e\u0301'.repeat(11)]], 12), [['e\u0301'.repeat(11)]]);
  });

  it('are broken between characters', () => {
    for (const word of Object.values(WORDS)) {
      const text = word.replace(/\s/g, '').repeat(9);
      const [[cell = ''] = []] = fitted([[text]], 13);
      assert.ok(cell.includes('\n'));
      assert.deepEqual(cell.split('\n').flatMap(charactersOf), charactersOf(text));
    }
  });
});
