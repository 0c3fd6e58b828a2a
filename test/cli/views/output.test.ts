/** Tables fit the terminal: nothing is wider, and nothing is cut off. */
import assert from 'node:assert/strict';
import { columnWidths } from '../../../src/cli/views/output.js';

describe('the columns of a table', () => {
  const rows = [
    ['topic', 'key', 'n'],
    ['a'.repeat(50), 'b'.repeat(36), '1'],
  ];

  it('keep their width where there is room', () => {
    assert.deepEqual(columnWidths(rows, 200), [null, null, null]);
  });

  it('give way, the widest first, until the table fits', () => {
    assert.deepEqual(columnWidths(rows, 80), [37, null, null]);
    assert.deepEqual(columnWidths(rows, 60), [27, 27, null]);
  });

  it('are no narrower than twelve characters, however narrow the terminal', () => {
    assert.deepEqual(columnWidths(rows, 10), [12, 12, null]);
  });

  it('are measured without colours', () => {
    assert.deepEqual(columnWidths([['\u001b[1mab\u001b[22m', 'c'.repeat(80)]], 80), [null, 75]);
  });
});
