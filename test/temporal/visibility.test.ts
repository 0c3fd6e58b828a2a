import assert from 'node:assert/strict';
import { quoted } from '../../src/temporal/visibility.js';

describe('a text in a visibility query', () => {
  it('cannot end its quotes', () => {
    assert.equal(quoted(`it's \\ "x"`), `'it''s \\\\ "x"'`);
  });
});
