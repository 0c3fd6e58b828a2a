/** These tests print hostile text by every way there is. Nothing but our own colours reaches the terminal. */
import assert from 'node:assert/strict';
import { RecoveredStatesWalk } from '../../../src/client/recovered-states.js';
import { createOutput, joined, jsonLine, type Output } from '../../../src/cli/views/output.js';
import { cutAt, showStates } from '../../../src/cli/views/recovered-states.js';
import { printReport, printTotals, styledStatus } from '../../../src/cli/views/report.js';
import { HOSTILE_TEXTS, OBEYED } from '../../support/hostile-text.js';

/** The sequences of our own: colours, and those around a note. */
// eslint-disable-next-line no-control-regex -- these are control characters.
const OWN = /\u001b\[(?:1|2[2-9]|3[0-9]|90)m|\r\u001b\[K|\u001b7/g;

/** Returns the lines that a terminal of 80 columns, or a pipe, gets. */
function linesOf(isTTY: boolean, print: (out: Output) => void, json = false): string[] {
  let text = '';
  const write = (chunk: string): boolean => ((text += chunk), true);
  const streams = [process.stdout, process.stderr].map((stream) => {
    const own = Object.getOwnPropertyDescriptors(stream);
    Object.defineProperties(stream, {
      isTTY: { value: isTTY, configurable: true },
      columns: { value: 80, configurable: true },
      write: { value: write, configurable: true },
    });
    return () => {
      for (const name of ['isTTY', 'columns', 'write'] as const) {
        if (name in own) Object.defineProperty(stream, name, own[name]);
        else Reflect.deleteProperty(stream, name);
      }
    };
  });
  try {
    print(createOutput({ json, color: true }));
  } finally {
    for (const restore of streams) restore();
  }
  return text.split('\n').slice(0, -1);
}

const reportOf = (text: string) => ({
  request_id: text,
  workflow_id: text,
  outcome: 'failed' as const,
  counts: { failed: 1 },
  truncated: false,
  results: [
    {
      intent_id: text,
      intent_type: text as 'PersistState',
      status: 'failed' as const,
      success: false as const,
      error: text,
      execution_time_ms: 1,
      timestamp: '2026-01-01T00:00:00Z',
      error_code: text,
    },
  ],
});

const statesOf = (text: string) => ({
  workflow_id: text,
  current_state: text,
  previous_state: null,
  last_transition_at: '2026-01-01T00:00:00.000000Z',
  transition_count: 1,
  metadata: { namespace: text },
});

const WAYS: Record<string, (out: Output, text: string) => void> = {
  'a line': (out, text) => out.line(text),
  'a line with a styled part': (out, text) => out.line([out.style('bold', text), text, [text]]),
  'joined parts': (out, text) => out.line(joined([text, out.style('red', text)], ', ')),
  'a status': (out, text) => out.line(styledStatus(out, text)),
  'a note': (out, text) => out.note(text, text),
  'cells of a table': (out, text) => out.table(['a', text], [[text, out.style('red', text)]]),
  'a report': (out, text) => printReport(out, reportOf(text)),
  totals: (out, text) => printTotals(out, [reportOf(text), reportOf(text)], 1),
  'recovered states': (out, text) => {
    const walk = new RecoveredStatesWalk(() => Promise.reject(new Error('no page')), {});
    showStates(out, new Map([[text, statesOf(text) as never]]), walk, { stuckAfter: 1, limit: 9 });
    out.note(cutAt(9, walk));
  },
};

describe('hostile text', () => {
  for (const [what, print] of Object.entries(WAYS)) {
    for (const isTTY of [true, false]) {
      it(`is visible and not obeyed in ${what}, on ${isTTY ? 'a terminal' : 'a pipe'}`, () => {
        const plain = linesOf(isTTY, (out) => print(out, 'x'));
        for (const [kind, text] of Object.entries(HOSTILE_TEXTS)) {
          const lines = linesOf(isTTY, (out) => print(out, text));
          for (const line of lines) assert.doesNotMatch(isTTY ? line.replace(OWN, '') : line, OBEYED, kind);
          // A line of hostile text is longer, and a table breaks it; nothing else makes more lines.
          if (!isTTY) assert.equal(lines.length, plain.length, kind);
        }
      });
    }
  }

  it('keeps our own colours', () => {
    const [line] = linesOf(true, (out) => out.line([out.style('red', 'a\u001b[0m'), ' b']));
    assert.equal(line, '\u001b[31ma\\u001b[0m\u001b[39m b');
    assert.deepEqual(
      linesOf(false, (out) => out.line([out.style('red', 'a'), ' b'])),
      ['a b'],
    );
  });

  it('keeps its value in JSON', () => {
    for (const [kind, text] of Object.entries(HOSTILE_TEXTS)) {
      const [line = ''] = linesOf(true, (out) => out.record({ [text]: [text] }), true);
      assert.doesNotMatch(line, OBEYED, kind);
      assert.deepEqual(JSON.parse(line), { [text]: [text] });
      assert.equal(jsonLine({ [text]: [text] }), `${line}\n`);
    }
  });
});
