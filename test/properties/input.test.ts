/**
 * These tests give hostile files to the command line's reader. Every line is a list or a named reason, and never an
 * exception.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { UsageError } from '../../src/cli/errors.js';
import { type InputItem, readRequests } from '../../src/cli/input.js';
import { definitions } from '../support/definitions.js';
import { makePlan } from '../../src/domain/execution/plan.js';
import { parseRequest, RequestError } from '../../src/domain/execution/request.js';
import { hostileRequest } from './hostile-lists.js';

describe('hostile input (property)', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bridge-hostile-'));
  });
  after(() => rm(directory, { recursive: true }));

  const read = async (text: string): Promise<InputItem[] | UsageError> => {
    const file = join(directory, 'lists');
    await writeFile(file, text);
    const items: InputItem[] = [];
    try {
      for await (const item of readRequests(file)) items.push(item);
      return items;
    } catch (error) {
      assert.ok(error instanceof UsageError, String(error));
      return error;
    }
  };
  /** Texts that are cut off, have invalid bytes, empty lines or a byte order mark, or are whole. */
  const torn = fc
    .tuple(
      fc.constantFrom<'cut' | 'bom' | 'blank' | 'whole' | 'bytes'>('cut', 'bom', 'blank', 'whole', 'bytes'),
      hostileRequest,
    )
    .map(([tear, text]) => {
      switch (tear) {
        case 'cut':
          return text.slice(0, text.length / 2);
        case 'bom':
          return `\uFEFF${text}`;
        case 'blank':
          return `\r\n \n${text}\n\n`;
        case 'bytes':
          return text.replace('"', '"\uFFFD\u2028');
        case 'whole':
          return text;
      }
    });

  it('is read by the command line as lists and named reasons', async () => {
    let lists = 0;
    let reasons = 0;
    const file = fc.array(torn, { minLength: 1, maxLength: 5 }).map((lines) => lines.join('\n'));
    await fc.assert(
      fc.asyncProperty(file, async (text) => {
        const items = await read(text);
        if (items instanceof UsageError) return;
        for (const item of items) {
          if (item.ok) {
            lists += 1;
            assert.ok(Array.isArray(item.request.intents));
          } else {
            reasons += 1;
            assert.ok(item.error.length > 0 && item.error.length < 2_000, item.error);
            assert.ok(item.line >= 1);
          }
        }
      }),
      { numRuns: 150 },
    );
    assert.ok(lists > 20 && reasons > 20, `${lists} lists and ${reasons} reasons`);
  });

  it('is planned, or refused by name', () => {
    fc.assert(
      fc.property(hostileRequest, (text) => {
        const input: unknown = JSON.parse(text);
        try {
          const plan = makePlan(parseRequest(input), 'w', definitions);
          for (const { rejected } of plan.intents) assert.notEqual(rejected, '');
        } catch (error) {
          assert.ok(error instanceof RequestError, String(error));
          assert.match(error.message, /expected|limit/);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
