/**
 * The run report gathers what the test files of a run say of themselves. Its processes append to one file, and the main
 * process sums it up at the end.
 */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

export interface FileReport {
  readonly file: string;
  readonly seconds: number;
  /** Executions that were replayed, and environments that were closed. */
  readonly replayed: number;
  readonly environments: number;
}

const VARIABLE = 'TEST_RUN_REPORT';

/** Begins the report. It is called once, before the processes that test are started. */
export function beginReport(): void {
  process.env[VARIABLE] = join(mkdtempSync(join(tmpdir(), 'bridge-run-')), 'files.ndjson');
}

export function reportFile(report: FileReport): void {
  const path = process.env[VARIABLE];
  if (path !== undefined) appendFileSync(path, `${JSON.stringify({ ...report, file: relative('.', report.file) })}\n`);
}

export function endReport(): FileReport[] {
  const path = process.env[VARIABLE];
  if (path === undefined) return [];
  const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
  rmSync(dirname(path), { recursive: true });
  return lines.filter(Boolean).map((line) => JSON.parse(line) as FileReport);
}
