/** This module makes pieces of Markdown, which Prettier lays out. */

/** Makes a table; bars in cells are escaped, because a bar would end its cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

export const jsonBlock = (value: unknown): string => `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``;

export const code = (text: string): string => `\`${text}\``;

/** Joins words to `a`, `b` or `c`. */
export function alternatives(words: readonly string[]): string {
  const quoted = words.map(code);
  const last = quoted.pop() ?? '';
  return quoted.length === 0 ? last : `${quoted.join(', ')} or ${last}`;
}

/** Writes 60000 as 60,000, and the largest whole number that JSON can represent as a power. */
export function number(value: number): string {
  if (Math.abs(value) === Number.MAX_SAFE_INTEGER) return value < 0 ? '-(2^53 - 1)' : '2^53 - 1';
  return value.toLocaleString('en-US');
}
