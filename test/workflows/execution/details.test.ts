/** These tests show hostile text in the Web UI's summaries and details, which are Markdown. */
import assert from 'node:assert/strict';
import { makePlan } from '../../../src/domain/execution/plan.js';
import { parseRequest } from '../../../src/domain/execution/request.js';
import { summaryOf } from '../../../src/domain/execution/summary.js';
import { withoutEffect } from '../../../src/domain/execution/without-effect.js';
import { inMarkdown } from '../../../src/domain/values/text.js';
import { detailsOf, quoted, sliceDetailsOf } from '../../../workflows/execution/details.js';
import { definitions } from '../../support/definitions.js';
import { HOSTILE_TEXTS, OBEYED, WORDS } from '../../support/hostile-text.js';
import { persistState } from '../../support/intents.js';

const planOf = (text: string) =>
  makePlan(parseRequest({ intents: [persistState(), { intent_type: text }], request_id: 'r' }), 'w', definitions);

const failed = (error: string) =>
  ({ status: 'failed', error, errorCode: 'VALIDATION_ERROR', timestamp: '2026-01-01T00:00:00Z' }) as const;

/** Returns lines without what Markdown takes literally. */
const unescaped = (line: string): string => line.replace(/\\[!-/:-@[-`{-~]/g, '');

describe('the details of an execution', () => {
  for (const [kind, text] of Object.entries({ ...HOSTILE_TEXTS, 'a long text': '*'.repeat(5_000) })) {
    const plan = { ...planOf(text.toWellFormed()), request_id: text };
    const results = plan.intents.map((intent) => withoutEffect(intent, failed(text)));

    it(`are Markdown of ours alone: ${kind}`, () => {
      const plain = detailsOf(
        { ...planOf('x'), request_id: 'x' },
        results.map((result) => ({ ...result, intent_type: 'x', error: 'x' })),
        null,
      );
      const details = detailsOf(plan, results, null);
      const lines = details.split('\n');
      for (const line of lines) assert.doesNotMatch(line, OBEYED);
      // Beside what is escaped there are the same marks as around plain text.
      const marksOf = (markdown: string) =>
        markdown
          .split('\n')
          .map((line) => unescaped(line).replace(/(?<=[A-Za-z0-9])_(?=[A-Za-z0-9])|[^`*_[\]<>|~&\\]/g, ''));
      assert.deepEqual(marksOf(details), marksOf(plain));
      assert.ok(details.length < 2_500);
    });

    it(`of a slice are so, too: ${kind}`, () => {
      const list = { ...plan, options: plan.options, first: 0, count: 0, refused: text };
      const details = sliceDetailsOf({ ...plan, lists: [list] } as never, results, null);
      assert.match(details, /^- `lists\[0\]` \*\*refused\*\*: \S/m);
      assert.ok(details.includes(`**refused**: ${quoted(text)}\n`));
      for (const line of details.split('\n')) assert.doesNotMatch(line, OBEYED);
    });

    it(`are not in the summary, which names types alone: ${kind}`, () => {
      assert.equal(summaryOf([{ intent_type: text }, persistState()]), '2 intents: 1 unknown, 1 PersistState');
    });
  }

  it('cut what is too long by its middle, between characters', () => {
    for (const word of Object.values(WORDS)) {
      const text = quoted(word.repeat(60));
      assert.ok(text.isWellFormed());
      assert.match(text, /…/);
    }
    assert.equal(quoted('a'.repeat(200)), 'a'.repeat(200));
    assert.equal(quoted(`${'a'.repeat(200)}b`), `${'a'.repeat(100)}…${'a'.repeat(98)}b`);
    assert.equal(quoted('a*b'), inMarkdown('a*b'));
  });
});

describe('the summary of a list', () => {
  it('counts the intents by type', () => {
    assert.equal(summaryOf([]), '0 intents');
    assert.equal(summaryOf([null, 7, 'x', {}, { intent_type: 7 }, { intent_type: '' }]), '6 intents: 6 unknown');
    const names = ['A', 'a1', 'b'.repeat(40)];
    assert.equal(
      summaryOf([...names, 'b'.repeat(41), '1a', 'a-b', 'a_b', 'a\n', ' a'].map((intent_type) => ({ intent_type }))),
      `9 intents: 1 A, 1 a1, 1 ${names[2]}, 6 unknown`,
    );
  });

  it('has 180 characters at most, of one byte each', () => {
    const many = Array.from({ length: 300 }, (_, index) => ({ intent_type: `Type${index}` }));
    assert.equal(summaryOf(many).length, 180);
    for (const word of Object.values(WORDS)) {
      assert.equal(Buffer.byteLength(summaryOf([{ intent_type: word }])), '1 intent: 1 unknown'.length);
    }
  });
});
