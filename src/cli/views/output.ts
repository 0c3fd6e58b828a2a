/** An output prints results to standard output, and everything about the way there to standard error. */
import { stripVTControlCharacters, styleText } from 'node:util';
import Table from 'cli-table3';

type Style = Parameters<typeof styleText>[0];

export interface Output {
  readonly json: boolean;
  /** Whether a person watches standard error: progress bars only then. */
  readonly interactive: boolean;
  /** One JSON value a line; printed with --json only. */
  record(value: unknown): void;
  /** A line for people; not printed with --json. */
  line(text?: string): void;
  /** A table for people; not printed with --json. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void;
  /** A remark beside the result, to standard error. */
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
      const table = new Table({
        head: head.map((cell) => style('bold', cell)),
        style: { head: [], border: [], compact: true, 'padding-left': PADDING, 'padding-right': 0 },
        chars: { ...BORDERLESS, 'left-mid': '', mid: '─', 'mid-mid': '─', 'right-mid': '' },
        ...(process.stdout.isTTY ? { colWidths: columnWidths([head, ...rows], process.stdout.columns) } : {}),
        wordWrap: true,
        wrapOnWordBoundary: false,
      });
      table.push(...rows.map((row) => [...row]));
      process.stdout.write(`${table.toString()}\n`);
    },
    note(text) {
      process.stderr.write(`${text}\n`);
    },
    style,
  };
}

/** Longer lines would make a table wider than a terminal. */
const WIDTH = 90;

/** A cell's text in lines, broken at spaces: nothing of it is cut off. */
export const wrapped = (text: string): string =>
  text
    .split(' ')
    .reduce<string[]>((lines, word) => {
      const last = lines.at(-1);
      if (last === undefined || last.length + word.length >= WIDTH) return [...lines, word];
      return [...lines.slice(0, -1), `${last} ${word}`];
    }, [])
    .join('\n');

const PADDING = 1;
/** Between two columns. */
const GAP = '  ';
/** A column is not made narrower: the first group of a UUID and some more. */
const NARROWEST = 12;

/**
 * Widths with padding, so that a table is no wider than the terminal: long cells go on in the next line, and nothing is cut off.
 * The widest column gives way first. Null for one that keeps its width: cli-table3 would count the colours of its cells.
 */
export function columnWidths(rows: readonly (readonly string[])[], columns: number): (number | null)[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) {
      const lines = stripVTControlCharacters(cell).split('\n');
      widths[index] = Math.max(widths[index] ?? 0, ...lines.map(({ length }) => length + PADDING));
    }
  }
  const natural = [...widths];
  const room = columns - GAP.length * (widths.length - 1);
  for (let over = widths.reduce((sum, width) => sum + width, 0) - room; over > 0; over -= 1) {
    const widest = Math.max(...widths);
    if (widest <= NARROWEST) break;
    widths[widths.indexOf(widest)] = widest - 1;
  }
  return widths.map((width, index) => (width === natural[index] ? null : width));
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
