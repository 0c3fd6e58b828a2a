/** An output prints results to standard output, and everything about the way there to standard error. */
import { styleText } from 'node:util';
import Table from 'cli-table3';
import stringWidth from 'string-width';
import { charactersOf, visible } from '../../domain/values/text.js';

/**
 * A text is shown with its control characters visible, because anybody may have written it. Only `style` makes parts
 * that a terminal obeys; a text with such parts is a list.
 */
export type Text = string | Styled | readonly Text[];

/** A styled part of a text is already fit for the terminal. */
class Styled {
  constructor(readonly shown: string) {}
}

/** Returns a text as a terminal gets it. */
export const rendered = (text: Text): string => {
  if (typeof text === 'string') return visible(text);
  return text instanceof Styled ? text.shown : text.map(rendered).join('');
};

/** Puts a separator between texts. */
export const joined = (texts: readonly Text[], separator: string): Text =>
  texts.flatMap((text, index) => (index === 0 ? [text] : [separator, text]));

type Style = Parameters<typeof styleText>[0];

export interface Output {
  readonly json: boolean;
  /** Whether a person watches standard error; progress bars are shown only then. */
  readonly interactive: boolean;
  /** Prints one JSON value a line, with --json only. */
  record(value: unknown): void;
  /** Prints a line for people, but not with --json. */
  line(text?: Text): void;
  /** Prints a table for people, but not with --json. */
  table(head: readonly string[], rows: readonly (readonly Text[])[]): void;
  /** Prints a remark beside the result, to standard error. */
  note(...lines: readonly Text[]): void;
  style(style: Style, text: string): Text;
}

/** Returns a value as a line of JSON, in which a terminal finds nothing to obey. */
export const jsonLine = (value: unknown): string => `${visible(JSON.stringify(value))}\n`;

export function createOutput({ json, color }: { json: boolean; color: boolean }): Output {
  const colored = color && process.stdout.isTTY;
  const style = (format: Style, text: string): Text =>
    colored ? new Styled(styleText(format, visible(text), { validateStream: false })) : text;
  return {
    json,
    interactive: process.stderr.isTTY && !json,
    record(value) {
      if (json) process.stdout.write(jsonLine(value));
    },
    line(text = '') {
      if (!json) process.stdout.write(`${rendered(text)}\n`);
    },
    table(head, rows) {
      if (json) return;
      // A pipe or a file gets each cell in one line, so that it can be searched.
      const width = process.stdout.isTTY ? process.stdout.columns : Infinity;
      const bold = head.map((title) => style('bold', title));
      const [titles = [], ...cells] = fitted(
        [bold, ...rows].map((row) => row.map(rendered)),
        width,
      );
      const table = new Table({
        head: titles,
        style: { head: [], border: [], compact: true, 'padding-left': PADDING, 'padding-right': 0 },
        chars: { ...BORDERLESS, 'left-mid': '', mid: '─', 'mid-mid': '─', 'right-mid': '' },
      });
      table.push(...cells);
      process.stdout.write(`${table.toString()}\n`);
    },
    note(...lines) {
      const text = lines.map((line) => `${rendered(line)}\n`).join('');
      process.stderr.write(process.stderr.isTTY ? `${CLEAR_LINE}${text}${SAVE_CURSOR}` : text);
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
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, stringWidth(cell));
  }
  const room = columns - widths.length * PADDING - (widths.length - 1) * GAP.length;
  for (let over = widths.reduce((sum, width) => sum + width, 0) - room; over > 0; over -= 1) {
    const widest = Math.max(...widths);
    if (widest <= NARROWEST) break;
    widths[widths.indexOf(widest)] = widest - 1;
  }
  return rows.map((row) => row.map((cell, index) => linesOf(cell, widths[index] ?? Infinity).join('\n')));
}

function linesOf(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ').flatMap((one) => piecesOf(one, width))) {
    const last = lines.at(-1);
    if (last === undefined || stringWidth(last) + 1 + stringWidth(word) > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/**
 * Cuts a word that is wider than a line into pieces, between characters. A word with colours stays whole: it is short,
 * and a colour could be cut in two.
 */
function piecesOf(word: string, width: number): string[] {
  if (stringWidth(word) <= width || word.includes('\x1b')) return [word];
  const pieces = [''];
  for (const character of charactersOf(word)) {
    const piece = pieces.at(-1) ?? '';
    if (stringWidth(piece + character) > width) pieces.push(character);
    else pieces[pieces.length - 1] = piece + character;
  }
  return pieces;
}

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
