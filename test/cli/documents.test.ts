/** These tests cut streams into lines and documents: as they come, and without keeping more than one of them. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { documentsOf } from '../../src/cli/documents.js';
import { linesOf } from '../../src/cli/lines.js';

describe('a stream', () => {
  const documents = async (source: AsyncIterable<Uint8Array>, longest?: number) => {
    const found = [];
    for await (const document of documentsOf(linesOf(source, longest), () => false, longest)) found.push(document);
    return found;
  };

  it('has the same lines however it is cut into chunks', async () => {
    const bytes = Buffer.from(`\ufeff[1,\r\n"é😀"]\n\n{"a": "漢"}`);
    for (let size = 1; size <= bytes.length; size += 1) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
        bytes.subarray(n * size, (n + 1) * size),
      );
      assert.deepEqual(await documents(Readable.from(chunks)), [
        { line: 1, value: [1, 'é😀'] },
        { line: 4, value: { a: '漢' } },
      ]);
    }
  });

  it('is read as it comes: the first document is there before the second is sent', async () => {
    let sent = 0;
    async function* source() {
      for (const text of ['{}\n{', '}\n', '{}\n']) {
        sent += 1;
        yield await Promise.resolve(Buffer.from(text));
      }
    }
    for await (const { line: at } of documentsOf(linesOf(source()), () => false)) assert.equal(sent, at);
    assert.equal(sent, 3);
  });

  const long = (start: string, between: string) =>
    Readable.from(
      [start, ...Array.from({ length: 99 }, () => `x${between}`), '\n', '{}'].map((text) => Buffer.from(text)),
    );

  it('is not kept in memory where a line has no end', async () => {
    assert.deepEqual(await documents(long('{', ''), 99), [
      { line: 1, problem: 'expected a line of at most 99 bytes, got 100' },
      { line: 2, value: {} },
    ]);
    assert.equal((await documents(long('{', ''), 100)).length, 1);
  });

  it('is read no further where a document has no end', async () => {
    const [only, ...others] = await documents(long('[', '\n'), 50);
    assert.deepEqual(only, { line: 1, problem: 'expected JSON, got "x" instead of a value or "]" at column 2' });
    assert.deepEqual(others, []);
  });

  it('is read on where a document without an end has lists on its lines', async () => {
    const source = Readable.from([Buffer.from('[\n[]\n[]\n{}\n[]')]);
    const found = [];
    for await (const document of documentsOf(linesOf(source), Array.isArray, 4)) found.push(document);
    assert.deepEqual(
      found.slice(1),
      [2, 3, 4, 5].map((line) => ({ line, value: line === 4 ? {} : [] })),
    );
  });
});
