/**
 * This module finds statements in migrations that stop the writers of a large table. They rewrite it, scan it under a
 * lock, or break the version that still runs.
 */

/** A rule refuses statements of one form, and says what to do instead. */
interface Rule {
  readonly form: RegExp;
  readonly instead: string;
}

const RULES: readonly Rule[] = [
  {
    form: /\bCREATE\s+(UNIQUE\s+)?INDEX\b(?!\s+CONCURRENTLY)/i,
    instead:
      'an index of a table that is there stops its writers: write it into migrations/indexes, which are built CONCURRENTLY',
  },
  { form: /\bALTER\s+COLUMN\s+\S+\s+(SET\s+DATA\s+)?TYPE\b/i, instead: 'a new type rewrites the table: add a column' },
  {
    form: /\bALTER\s+COLUMN\s+\S+\s+SET\s+NOT\s+NULL\b/i,
    instead: 'it scans the table: add a CHECK that is NOT VALID, and validate it later',
  },
  {
    form: /\bADD\s+COLUMN\s+(?:IF\s+NOT\s+EXISTS\s+)?[^,;]*\bDEFAULT\s+(?:now|clock_timestamp|random|gen_random_uuid|nextval)\b/i,
    instead: 'a default that differs from row to row rewrites the table: add the column, then the default',
  },
  {
    form: /\bADD\s+CONSTRAINT\b(?![^;]*\bNOT\s+VALID\b)/i,
    instead: 'it scans the table: add the constraint as NOT VALID, and validate it in the next migration',
  },
  { form: /\bDROP\s+(COLUMN|TABLE)\b/i, instead: 'the version that runs still reads it: drop it a release later' },
  {
    form: /\bRENAME\b/i,
    instead: 'the version that runs knows the old name: add the new one, and drop the old one later',
  },
  { form: /\b(LOCK\s+TABLE|VACUUM\s+FULL|CLUSTER)\b/i, instead: 'it stops everybody' },
];

/** A statement behind this comment is let pass. The comment says for how long writers wait, and what helps. */
const ON_PURPOSE = /--\s*stops writers: \S.*$/gm;
const MARK = '/* on purpose */';

/** Returns what is unsafe in the text of a migration. Tables that the migration itself creates have no writers yet. */
export function unsafeStatements(sql: string): string[] {
  const text = sql
    .replace(ON_PURPOSE, MARK)
    .replace(/--.*$/gm, '')
    .replace(/\$(\w*)\$[^]*?\$\1\$/g, "''");
  const own = Array.from(
    text.matchAll(/\bCREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)/gi),
    ([, name]) => name ?? '',
  );
  return text.split(';').flatMap((statement) => {
    const table = /\b(?:ON|ALTER\s+TABLE)\s+(?:ONLY\s+|IF\s+EXISTS\s+)*(\w+)/i.exec(statement)?.[1] ?? '';
    if (own.includes(table) || statement.includes(MARK)) return [];
    return RULES.flatMap(({ form, instead }) =>
      form.test(statement) ? `${statement.trim().replace(/\s+/g, ' ').slice(0, 80)}: ${instead}` : [],
    );
  });
}
