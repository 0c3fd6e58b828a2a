/** This module reads the figures of the contract from docs/performance.md, so that the two cannot differ. */

/** A figure is a cell of a table, by the heading of its section, the start of its row and the head of its column. */
interface Figure {
  readonly section: string;
  readonly row: string;
  readonly column: string;
}

const WHERE = {
  persistence: { section: 'Lists that callers start', row: '`PersistState`', column: 'p95' },
  publish: { section: 'Lists that callers start', row: '`PublishEvent`', column: 'p95' },
  emitted: { section: 'Lists that come as events', row: 'by events, through the intake', column: 'intents/s' },
  started: { section: 'Lists that callers start', row: '(c) lists of 20, 50 callers', column: 'intents/s' },
} as const satisfies Readonly<Record<string, Figure>>;

export type Figures = Readonly<Record<keyof typeof WHERE, number>> & { readonly measured: string };

/** @throws Error naming the figure that the page lacks. */
export function figuresOf(page: string): Figures {
  const read = (name: keyof typeof WHERE): number => figureOf(page, WHERE[name]);
  const date = /`npm run bench`, (\d{4}-\d\d-\d\d)/.exec(sectionOf(page, 'Lists that callers start'))?.[1];
  if (date === undefined) throw new Error('docs/performance.md: expected the date of `npm run bench`');
  return {
    persistence: read('persistence'),
    publish: read('publish'),
    emitted: read('emitted'),
    started: read('started'),
    measured: date,
  };
}

const sectionOf = (page: string, heading: string): string => page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';

function figureOf(page: string, { section, row, column }: Figure): number {
  let head: string[] = [];
  for (const line of sectionOf(page, section).split('\n')) {
    if (!line.startsWith('|')) {
      head = [];
      continue;
    }
    const cells = line.split('|').map((cell) => cell.trim());
    if (head.length === 0) head = cells;
    const value = Number.parseFloat((cells[head.indexOf(column)] ?? '').replaceAll(',', ''));
    if (cells[1] === row && Number.isFinite(value)) return value;
  }
  throw new Error(`docs/performance.md: expected a number for ${row} under ${column} in "${section}"`);
}
