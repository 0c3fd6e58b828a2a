/** An output prints results to standard output, and everything about the way there to standard error. */
import { stripVTControlCharacters, styleText } from 'node:util';
import Table from 'cli-table3';

type Style = Parameters<typeof styleText>[0];

export interface Output {
  readonly json: boolean;
  /** Whether a person watches standard error; progress bars are shown only then. */
  readonly interactive: boolean;
  /** Prints one JSON value a line, with --json only. */
  record(value: unknown): void;
  /** Prints a line for people, but not with --json. */
  line(text?: string): void;
  /** Prints a table for people, but not with --json. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void;
  /** Prints a remark beside the result, to standard error. */
  note(text: string): void;
  style(style: Style, text: string): string;
}

export function createOutput({ json, color }: { json: boolean; color: boolean }): Output {
  const colored = color && process.stdout.isTTY;
  const style = (format: Style, text: string): string =>
    colored ? styleText(format, text, { validateStream: false }) : text;
  return {
    json,
    interactive: process.stderr.isTTY && !json,
    record(value) {
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`);
    },
    line(text = '') {
      if (!json) process.stdout.write(`${text}\n`);
    },
    table(head, rows) {
      if (json) return;
      // A pipe or a file gets each cell in one line, so that it can be searched.
      const [titles = [], ...cells] = fitted([head, ...rows], process.stdout.isTTY ? process.stdout.columns : Infinity);
      const table = new Table({
        head: titles.map((cell) => style('bold', cell)),
        style: { head: [], border: [], compact: true, 'padding-left': PADDING, 'padding-right': 0 },
        chars: { ...BORDERLESS, 'left-mid': '', mid: '─', 'mid-mid': '─', 'right-mid': '' },
      });
      table.push(...cells);
      process.stdout.write(`${table.toString()}\n`);
    },
    note(text) {
      process.stderr.write(process.stderr.isTTY ? `${CLEAR_LINE}${text}\n${SAVE_CURSOR}` : `${text}\n`);
    },
    style,
  };
}

/** A note takes the line of a progress bar, which goes on below: it ends where the cursor was saved. */
const CLEAR_LINE = '\r\x1b[K';
const SAVE_CURSOR = '\x1b7';
const PADDING = 1;
/** The gap between two columns. */
const GAP = '  ';
/** Characters below which no column is made narrower: the first group of a UUID and some more. */
const NARROWEST = 11;

/**
 * Breaks cells into lines, so that their table is at most `columns` wide and nothing is cut off. The widest column
 * gives way first. Lines break at spaces, and in a word only where it alone is too long.
 */
export function fitted(rows: readonly (readonly string[])[], columns: number): string[][] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, ...cell.split('\n').map((line) => lengthOf(line)));
    }
  }
  const room = columns - widths.length * PADDING - (widths.length - 1) * GAP.length;
  for (let over = widths.reduce((sum, width) => sum + width, 0) - room; over > 0; over -= 1) {
    const widest = Math.max(...widths);
    if (widest <= NARROWEST) break;
    widths[widths.indexOf(widest)] = widest - 1;
  }
  return rows.map((row) => row.map((cell, index) => inLines(cell, widths[index] ?? Infinity)));
}

const inLines = (cell: string, width: number): string =>
  cell
    .split('\n')
    .flatMap((line) => linesOf(line, width))
    .join('\n');

function linesOf(text: string, width: number): string[] {
  if (lengthOf(text) <= width) return [text];
  const lines: string[] = [];
  for (const word of text.split(' ').flatMap((one) => piecesOf(one, width))) {
    const last = lines.at(-1);
    if (last === undefined || lengthOf(last) + 1 + lengthOf(word) > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/**
 * Cuts a word that is longer than a line into pieces. A word with colours stays whole: it is short, and a colour could
 * be cut in two.
 */
const piecesOf = (word: string, width: number): string[] =>
  word.length <= width || lengthOf(word) < word.length
    ? [word]
    : Array.from({ length: Math.ceil(word.length / width) }, (_, piece) =>
        word.slice(piece * width, (piece + 1) * width),
      );

/** Counts the characters that are seen; colours are not. */
const lengthOf = (text: string): number => stripVTControlCharacters(text).length;

const BORDERLESS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  right: '',
  middle: GAP,
} as const;
