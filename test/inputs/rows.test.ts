/**
 * These tests send each row of docs/inputs.md on both paths, and compare what is executed or said. The page must have
 * the same rows, and the messages that are said.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { since } from '../../src/cli/arguments.js';
import { RequestError } from '../../src/client/index.js';
import { readRequest } from '../../src/client/given-request.js';
import { visible } from '../../src/domain/values/text.js';
import { CLIENT_ROWS } from './client-rows.js';
import { ELSEWHERE } from './elsewhere.js';
import { FILE_ROWS } from './file-rows.js';
import { patternOf, rowsOfPage } from './page.js';
import { byClient, byFile, byMessage, envelopeOf, published, publishing } from './paths.js';
import { SINCE_ROWS, TIME_ROWS, VALUE_ROWS } from './value-rows.js';

const BYTES = { files: FILE_ROWS, values: VALUE_ROWS, times: TIME_ROWS };
for (const [section, rows] of Object.entries(BYTES)) {
  describe(`inputs: ${section}`, () => {
    for (const { form, what, given, file, notes = [], message } of rows) {
      it(`${form}: ${JSON.stringify(what)} as a file`, async () => {
        assert.deepEqual(await byFile(given), { answers: file, notes });
      });
      it(`${form}: ${JSON.stringify(what)} as a message`, () => {
        assert.deepEqual(byMessage(given), message);
      });
    }
  });
}

describe('inputs: --since', () => {
  for (const { form, given, problem } of SINCE_ROWS) {
    it(`${form}: ${given}`, () => {
      if (problem === undefined) assert.ok(Date.parse(since(given)) < Date.now());
      else assert.throws(() => since(given), { name: 'InvalidArgumentError', message: problem });
    });
  }
});

describe('inputs: values of the client', () => {
  for (const { form, own, value, at = '', problem } of CLIENT_ROWS) {
    const intent = { ...(JSON.parse(publishing('0')) as object), payload: published(own) };
    if (problem === undefined) {
      it(`${form}: ${JSON.stringify(value)}, started`, () => {
        assert.deepEqual(byClient({ intents: [intent] }), [published(value)]);
      });
      it(`${form}: ${JSON.stringify(value)}, emitted`, () => {
        const [sent] = readRequest({ intents: [intent] }).intents;
        assert.deepEqual(byMessage(envelopeOf(JSON.stringify(sent))), [published(value)]);
      });
    } else {
      it(`${form}: ${problem}`, () => {
        const message = `intents[0].payload.a.b${at}: ${problem}`;
        assert.throws(() => byClient({ intents: [intent] }), new RequestError(message));
      });
    }
  }
});

describe('docs/inputs.md', () => {
  /** Texts by form, as a terminal shows them. */
  const said = new Map<string, string[]>();
  const note = (form: string, texts: readonly unknown[]) => {
    const shown = texts.flat().map((text) => visible(typeof text === 'string' ? text : JSON.stringify(text)));
    said.set(form, [...(said.get(form) ?? []), ...shown]);
  };
  for (const { form, file, notes = [], message } of Object.values(BYTES).flat()) note(form, [file, notes, message]);
  for (const { form, problem } of SINCE_ROWS) note(form, [problem ?? []]);
  for (const { form, at = '', problem } of CLIENT_ROWS)
    note(form, [problem === undefined ? [] : `a.b${at}: ${problem}`]);

  it('has the forms that tests show, and no others', () => {
    const forms = rowsOfPage().map(({ form }) => form);
    assert.deepEqual([...forms].sort(), [...said.keys(), ...Object.keys(ELSEWHERE)].sort());
  });

  for (const { section, form, messages } of rowsOfPage()) {
    it(`${section}: ${form}`, () => {
      const [file, text] = ELSEWHERE[form] ?? [];
      if (file !== undefined && text !== undefined) assert.ok(readFileSync(file, 'utf8').includes(text), text);
      const texts = said.get(form) ?? [];
      for (const message of file === undefined ? messages : []) {
        assert.ok(
          texts.some((one) => patternOf(message).test(one)),
          `nothing says ${message}, but\n${texts.join('\n')}`,
        );
      }
    });
  }
});
