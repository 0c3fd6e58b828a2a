/**
 * This module finds the documents of an input. A document is one JSON list or object, on a line of its own, over many
 * lines, or behind another one. Documents are read one at a time, so that an input may be longer than memory.
 */
import { parseJson } from '../domain/values/json-text.js';
import { type Line, LONGEST } from './lines.js';

/** A document, or the problem with it. The line is where it begins, or where the problem is. */
export type Document =
  { readonly line: number; readonly value: unknown } | { readonly line: number; readonly problem: string };

/** A piece is a line of a document, or the part of the line that belongs to it. */
interface Piece extends Line {
  /** Characters of the line before it. */
  readonly from: number;
}

/**
 * @param isList says whether a value is a list of its own. A document that is not JSON is read again line by line where
 * one of its lines is such a list. So a line without its end takes no other with it.
 */
export async function* documentsOf(
  lines: AsyncIterable<Line>,
  isList: (value: unknown) => boolean,
  longest = LONGEST,
): AsyncGenerator<Document> {
  let pieces: Piece[] = [];
  let depth = 0;
  let length = 0;
  for await (const line of lines) {
    let from = 0;
    do {
      const rest = line.text.slice(from);
      if (pieces.length === 0 && isBlank(rest)) break;
      const part = pieces.length === 0 && !/^\s*[{[]/.test(rest) ? ALL_OF_LINE : partOf(rest, depth);
      pieces.push({ ...line, text: rest.slice(0, part.end), from });
      from += part.end;
      ({ depth } = part);
      length += part.end;
      if (depth > 0 && length <= longest) continue;
      const documents = documentsIn(pieces, isList);
      yield* documents;
      // Lines of one document that is too long would each be refused on their own.
      if (depth > 0 && documents.length === 1) return;
      pieces = [];
      depth = 0;
      length = 0;
    } while (from < line.text.length);
  }
  if (pieces.length > 0) yield* documentsIn(pieces, isList);
}

const isBlank = (text: string): boolean => text.trim() === '';

/** A part of a line: where it ends, and how many brackets are open there. */
interface Part {
  readonly depth: number;
  readonly end: number;
}

const ALL_OF_LINE: Part = { depth: 0, end: Infinity };
const BRACKET = /"[^"\\]*(?:\\.[^"\\]*)*"?|[[\]{}]/g;

/** Returns the part of a line up to the bracket that closes a document, or all of the line. */
function partOf(text: string, before: number): Part {
  let depth = before;
  for (const { 0: token, index } of text.matchAll(BRACKET)) {
    if (token === '{' || token === '[') depth += 1;
    if (token !== '}' && token !== ']') continue;
    depth -= 1;
    if (depth > 0) continue;
    const end = index + 1;
    // Another document may follow. Anything else on the line, such as a comma, makes this one invalid.
    return /^\s*(?:[{[]|$)/.test(text.slice(end)) ? { depth: 0, end } : ALL_OF_LINE;
  }
  return { depth, end: text.length };
}

function documentsIn(pieces: readonly Piece[], isList: (value: unknown) => boolean): Document[] {
  const whole = documentOf(pieces);
  if ('value' in whole) return [whole];
  const alone = pieces.filter(({ text }) => !isBlank(text)).map((piece) => documentOf([piece]));
  return alone.some((one) => 'value' in one && isList(one.value)) ? alone : [whole];
}

function documentOf(pieces: readonly Piece[]): Document {
  const broken = pieces.find(({ problem }) => problem !== undefined);
  if (broken?.problem !== undefined) return { line: broken.number, problem: broken.problem };
  const [first = { number: 1, from: 0 }] = pieces;
  const read = parseJson(pieces.map(({ text }) => text).join('\n'));
  if (read.ok) return { line: first.number, value: read.value };
  const column = read.column + (read.line === 1 ? first.from : 0);
  return { line: first.number + read.line - 1, problem: `${read.problem} at column ${column}` };
}
