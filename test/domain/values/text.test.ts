/** These tests cut text from outside at every length, and show what a terminal or Markdown would obey. */
import assert from 'node:assert/strict';
import { shortenJson, shorten, shortenMiddle } from '../../../src/domain/values/json.js';
import { charactersOf, endOf, inMarkdown, startOf, visible } from '../../../src/domain/values/text.js';
import { HOSTILE_TEXTS, OBEYED, WORDS } from '../../support/hostile-text.js';

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** Returns the indexes between the characters of a text. */
const bordersOf = (text: string): number[] => [...[...segmenter.segment(text)].map(({ index }) => index), text.length];

describe('text that is cut', () => {
  for (const [kind, word] of Object.entries(WORDS)) {
    it(`ends between characters, and as late as it can: ${kind}`, () => {
      for (const text of [word, word.repeat(20), `plain ${word}`.repeat(3)]) {
        const borders = bordersOf(text);
        for (let length = 0; length <= text.length; length += 1) {
          assert.equal(startOf(text, length), text.slice(0, Math.max(...borders.filter((at) => at <= length))));
          const first = text.length - length;
          assert.equal(endOf(text, length), text.slice(Math.min(...borders.filter((at) => at >= first))));
        }
      }
    });

    it(`is well-formed at every limit of a message: ${kind}`, () => {
      const text = word.repeat(40);
      const characters = new Set(charactersOf(text));
      for (let length = 1; length < 200; length += 1) {
        for (const cut of [
          shorten(text, length).replace(/… \(\d+ characters\)$/, ''),
          shortenMiddle(text, length),
          shortenJson(text, length).replace(/… \(\d+ characters\)$/, ''),
          shortenJson(text, length, shortenMiddle),
        ]) {
          for (const character of charactersOf(cut.replace('…', ''))) {
            assert.ok(characters.has(character), `${length}: ${JSON.stringify(cut)}`);
          }
        }
        assert.ok(shortenMiddle(text, length).length <= length);
      }
    });
  }

  it('is whole where there is room for it', () => {
    for (const text of ['', 'abc', '👍🏽']) {
      for (const more of [0, 1, 9]) assert.equal(startOf(text, text.length + more), text);
      assert.equal(endOf(text, text.length), text);
      assert.equal(startOf(text, 0) + endOf(text, 0), '');
    }
  });

  it('gives up 64 code units for a character, and cuts one that is longer between its code points', () => {
    const marked = `z${'\u0301'.repeat(5_000)}`;
    assert.equal(startOf(marked, 64), '');
    assert.equal(startOf(marked, 65), marked.slice(0, 65));
    assert.equal(startOf(`ab${marked}`, 66), 'ab');
    assert.equal(endOf(marked, 64), '');
    assert.equal(endOf(marked, 65), marked.slice(-65));
    const pairs = `z${'\u{e0100}'.repeat(100)}`;
    assert.equal(startOf(pairs, 66), pairs.slice(0, 65));
    assert.equal(startOf(pairs, 67), pairs.slice(0, 67));
    assert.equal(endOf(pairs, 66), pairs.slice(-66));
    assert.equal(endOf(pairs, 67), pairs.slice(-66));
  });

  it('takes no longer for a character of a million marks', () => {
    const marked = `z${'\u0301'.repeat(1_000_000)}`;
    const started = performance.now();
    for (let time = 0; time < 1_000; time += 1) shorten(marked);
    assert.ok(performance.now() - started < 2_000);
    assert.equal(shortenMiddle(marked, 201).length, 201);
  });

  it('is made well-formed in a message, as JSON.parse quotes halves of pairs', () => {
    for (const json of ['[😀', '["a",😀]']) {
      assert.throws(
        () => JSON.parse(json) as unknown,
        ({ message }: Error) => {
          assert.ok(!message.isWellFormed());
          assert.equal(shortenMiddle(message, 500), message.toWellFormed());
          return true;
        },
      );
    }
  });
});

describe('text that is shown', () => {
  for (const [what, text] of Object.entries(HOSTILE_TEXTS)) {
    it(`has nothing that a terminal obeys: ${what}`, () => {
      assert.doesNotMatch(visible(text), OBEYED);
      const json = visible(JSON.stringify({ [text]: text }));
      assert.doesNotMatch(json, OBEYED);
      assert.deepEqual(JSON.parse(json), { [text]: text });
    });
  }

  for (const [text, shown] of [
    ['a\nb\rc\td', 'a\\nb\\rc\\td'],
    ['\u0000\u001b\u007f\u0080\u009f', '\\u0000\\u001b\\u007f\\u0080\\u009f'],
    ['\u2028\u2029', '\\u2028\\u2029'],
    ['\u061c\u200e\u200f\u202a\u202e\u2066\u2069', '\\u061c\\u200e\\u200f\\u202a\\u202e\\u2066\\u2069'],
    ['\ud83d \ude00 😀', '\\ud83d \\ude00 😀'],
    ...Object.entries(WORDS).flatMap(([kind, word]) => (kind === 'line breaks' ? [] : [[word, word] as const])),
    ['שלום \\u001b C:\\new', 'שלום \\u001b C:\\new'],
  ] as const) {
    it(`is shown as ${shown}`, () => {
      assert.equal(visible(text), shown);
    });
  }

  for (const [text, shown] of [
    ['payload.items[3].a_b: expected "x", got 1 (2)', 'payload.items\\[3\\].a_b: expected "x", got 1 (2)'],
    ['**a** `b` | c ~~d~~ \\ <e> &lt;', '\\*\\*a\\*\\* \\`b\\` \\| c \\~\\~d\\~\\~ \\\\ \\<e\\> \\&lt;'],
    ['_a_ a_b _ 1_ _1 A_B Z_9', '\\_a\\_ a_b \\_ 1\\_ \\_1 A_B Z_9'],
    ['[x](javascript:alert(1))', '\\[x\\](javascript:alert(1))'],
    ['a\n# b\u001b[2J', 'a\\\\n# b\\\\u001b\\[2J'],
  ] as const) {
    it(`is written in Markdown as ${shown}`, () => {
      assert.equal(inMarkdown(text), shown);
    });
  }
});
