/** This module splits bytes into lines of text. A line ends with \n or \r\n only: U+2028 may stand in a JSON string. */
import { readUtf8, utf16Problem } from '../domain/values/utf8.js';
import { UsageError } from './errors.js';

/** The most bytes of a line, and of a document. A list of 1.5 MB has them however it is laid out. */
export const LONGEST = 64 * 1_024 * 1_024;

const NEWLINE = 10;

/** A line of text. Its number counts from 1. */
export interface Line {
  readonly number: number;
  readonly text: string;
  /** The problem with its bytes. The text has U+FFFD for them, so that brackets can be counted. */
  readonly problem?: string;
}

/** @throws UsageError for text in UTF-16, of which nothing can be read. */
export async function* linesOf(source: AsyncIterable<Uint8Array>, longest = LONGEST): AsyncGenerator<Line> {
  let number = 0;
  let parts: Uint8Array[] = [];
  let length = 0;
  const add = (part: Uint8Array): void => {
    length += part.length;
    if (length <= longest) parts.push(part);
  };
  const take = (): Line => {
    number += 1;
    const line =
      length > longest
        ? { number, text: '?', problem: `expected a line of at most ${longest} bytes, got ${length}` }
        : lineOf(number, Buffer.concat(parts));
    parts = [];
    length = 0;
    return line;
  };
  for await (const chunk of source) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      add(chunk.subarray(from, end));
      yield take();
      from = end + 1;
    }
    add(chunk.subarray(from));
  }
  yield take();
}

function lineOf(number: number, bytes: Buffer): Line {
  const problem = number === 1 ? utf16Problem(bytes) : null;
  if (problem !== null) throw new UsageError(problem);
  const read = readUtf8(bytes);
  return read.ok ? { number, text: read.text } : { number, text: bytes.toString(), problem: read.problem };
}
