/** This module reads the tables of docs/inputs.md. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

interface PageRow {
  readonly section: string;
  readonly form: string;
  /** The messages: what stands between backticks in the last column. */
  readonly messages: readonly string[];
}

const PAGE = fileURLToPath(new URL('../../docs/inputs.md', import.meta.url));

export function rowsOfPage(): readonly PageRow[] {
  const sections = readFileSync(PAGE, 'utf8').split(/^## /m).slice(1);
  return sections.flatMap((text) => {
    const [section = '', ...lines] = text.split('\n');
    const [, , ...rows] = lines.filter((line) => line.startsWith('|'));
    return rows.map((row) => {
      const cells = row.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
      const [form = ''] = cells.slice(1);
      return { section, form, messages: [...(cells.at(-2) ?? '').matchAll(/`([^`]+)`/g)].map(([, one = '']) => one) };
    });
  });
}

/** Returns what a message of the page looks like: its numbers are examples, and `...` is anything. */
export const patternOf = (message: string): RegExp =>
  new RegExp(
    message
      .replace(/[\\^$*+?()[\]{}|]/g, '\\$&')
      .replaceAll('...', '.*')
      .replace(/(?<!\\u\w*)\d+|\bN\b/g, '\\d+'),
    's',
  );
