/**
 * This module parses the text of JSON, and says in words of its own what is wrong with it. The messages of `JSON.parse`
 * differ between versions of Node, and not all of them have a position.
 */
export type ReadJson = { readonly ok: true; readonly value: unknown } | ({ readonly ok: false } & SyntaxProblem);

interface SyntaxProblem {
  /** The problem in the form `expected …, got …`. */
  readonly problem: string;
  /** The position, from 1, as the column is. */
  readonly line: number;
  readonly column: number;
}

/**
 * Parses a text. A whole number of 21 digits and more is cut to its first 20, so that it is refused by name. The same
 * number as a double would look like a float such as 6.02e23.
 */
export function parseJson(text: string): ReadJson {
  try {
    const value: unknown = JSON.parse(text);
    return { ok: true, value: /\d{21}/.test(text) ? JSON.parse(text.replace(LITERAL, cutWhole)) : value };
  } catch {
    return { ok: false, ...findSyntaxProblem(text) };
  }
}

/** A string or a number, in text that is valid. */
const LITERAL = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
const cutWhole = (token: string): string => (/^-?\d{21,}$/.test(token) ? token.slice(0, 20) : token);

/** A token: a bracket, comma or colon, a string, or another literal. */
const TOKEN =
  /[ \t\n\r]*(?:([{}[\],:])|("[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4})[ !#-[\]-\uffff]*)*")|(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-]))/y;

const VALUE = { '{': 'first key', '[': 'first item', string: 'next', literal: 'next' } as const;

/** JSON's grammar: the tokens expected, and what is expected behind each. `next` follows the end of a value. */
const GRAMMAR: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  value: VALUE,
  'first item': { ...VALUE, ']': 'next' },
  key: { string: 'colon' },
  'first key': { string: 'colon', '}': 'next' },
  colon: { ':': 'value' },
  'next in [': { ',': 'value', ']': 'next' },
  'next in {': { ',': 'key', '}': 'next' },
};

const EXPECTED: Readonly<Record<string, string>> = {
  value: 'a value',
  'first item': 'a value or "]"',
  key: 'a key in double quotes',
  'first key': 'a key in double quotes or "}"',
  colon: '":"',
  'next in [': '"," or "]"',
  'next in {': '"," or "}"',
  'next in nothing': 'the end',
};

/** Finds where a text stops being JSON. It is asked about texts that are not. */
function findSyntaxProblem(text: string): SyntaxProblem {
  const open: string[] = [];
  let expected = 'value';
  let last: string | undefined;
  for (let end = 0; ;) {
    TOKEN.lastIndex = end;
    const [token = '', mark, string] = TOKEN.exec(text) ?? [];
    const kind = mark ?? (string === undefined ? 'literal' : 'string');
    const following = token === '' ? undefined : GRAMMAR[expected]?.[kind];
    if (following === undefined) {
      const isTrailing = last === ',' && (kind === '}' || kind === ']');
      const rest = text.slice(end).replace(/^[ \t\n\r]+/, '');
      return {
        problem: `expected JSON, got ${isTrailing ? 'a trailing comma' : foundIn(rest, token === '')} instead of ${EXPECTED[expected]}`,
        ...positionOf(text.slice(0, isTrailing ? end - 1 : text.length - rest.length)),
      };
    }
    if (kind === '{' || kind === '[') open.push(kind);
    if (kind === '}' || kind === ']') open.pop();
    expected = following === 'next' ? `next in ${open.at(-1) ?? 'nothing'}` : following;
    last = kind;
    end += token.length;
  }
}

/** Returns the position behind a text. */
function positionOf(before: string): Pick<SyntaxProblem, 'line' | 'column'> {
  return { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') };
}

/** Names what a text begins with. @param broken whether that is no token of JSON. */
function foundIn(text: string, broken: boolean): string {
  if (text === '') return 'the end';
  if (/^(?:\/[/*]|#)/.test(text)) return 'a comment';
  if (text.startsWith('"')) return broken ? 'a string that has a wrong escape or no end on its line' : 'a string';
  const word = /^[\w.+-]{1,20}/.exec(text)?.[0];
  if (word !== undefined) return JSON.stringify(word);
  return /^[!-~]/.test(text) ? JSON.stringify(text[0]) : `U+${hexOf(text)}`;
}

/** Returns the code point of the first character. */
const hexOf = (text: string): string => (text.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
