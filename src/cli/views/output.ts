/** Where a command prints: results to standard output, everything about the way there to standard error. */
import { styleText } from 'node:util';
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
        style: { head: [], border: [], compact: true },
        chars: { ...BORDERLESS, 'left-mid': '', mid: '─', 'mid-mid': '─', 'right-mid': '' },
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
  middle: '  ',
} as const;
