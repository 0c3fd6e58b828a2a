/** This module writes the generated part of docs/reliability.md: what was run, with its counts. */
import { readFile, writeFile } from 'node:fs/promises';

/** A measured row is one cell that was run, or one run that has no columns. */
export interface Measured {
  readonly fault: string;
  readonly point: string;
  readonly lists: number;
  readonly intents: number;
  /** Number of times that the fault struck. */
  readonly faults: number;
  readonly lost: number;
  readonly doubled: number;
  /** Events that became dead letters, and were redriven. */
  readonly deadLetters: number;
  readonly repeatedEvents: number;
}

const DOCUMENT = new URL('../../../docs/reliability.md', import.meta.url);
const begin = (section: string): string => `<!-- ${section}: written by npm run test:chaos -->`;
const end = (section: string): string => `<!-- end of ${section} -->`;

const HEAD = ['Fault', 'Struck', 'Lists', 'Intents', 'Faults', 'Lost', 'Doubled', 'Dead letters', 'Events repeated'];

/** Replaces a section between its markers; rows that were not run are not in it. */
export async function writeMeasured(section: string, rows: readonly Measured[]): Promise<void> {
  const text = await readFile(DOCUMENT, 'utf8');
  const [from, to] = [text.indexOf(begin(section)), text.indexOf(end(section))];
  if (from < 0 || to < from) throw new Error(`docs/reliability.md has no section ${section}`);
  const total = (
    field: 'lists' | 'intents' | 'faults' | 'lost' | 'doubled' | 'deadLetters' | 'repeatedEvents',
  ): number => rows.reduce((sum, row) => sum + row[field], 0);
  const cells = [
    ...rows.map((row) => [
      row.fault,
      row.point,
      row.lists,
      row.intents,
      row.faults,
      row.lost,
      row.doubled,
      row.deadLetters,
      row.repeatedEvents,
    ]),
    [
      '**All**',
      '',
      total('lists'),
      total('intents'),
      total('faults'),
      total('lost'),
      total('doubled'),
      total('deadLetters'),
      total('repeatedEvents'),
    ],
  ].map((row) => row.map(String));
  const widths = HEAD.map((head, column) => Math.max(head.length, ...cells.map((row) => row[column]!.length)));
  const isNumber = (column: number): boolean => column >= 2;
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (isNumber(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (isNumber(column) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))).join(' | ')} |`;
  const date = new Date().toISOString().slice(0, 10);
  const table = [`Measured on ${date}.`, '', line(HEAD), rule, ...cells.map(line)].join('\n');
  const generated = `${begin(section)}\n\n${table}\n\n`;
  await writeFile(DOCUMENT, text.slice(0, from) + generated + text.slice(to));
}
