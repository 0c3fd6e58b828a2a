/** This module prints reports for people to read. */
import type { IntentsReport, Result } from '../../client/types.js';
import { joined, type Output, type Text } from './output.js';

/** The most rows of a results table; the rest is counted, and there with --json. */
const SHOWN_ROWS = 40;

const STYLES = {
  completed: 'green',
  succeeded: 'green',
  partial: 'yellow',
  dead_lettered: 'yellow',
  skipped: 'gray',
  failed: 'red',
  unknown: 'red',
  cancelled: 'yellow',
} as const;

export const styledStatus = (out: Output, status: string): Text => {
  const style = status in STYLES ? STYLES[status as keyof typeof STYLES] : undefined;
  return style === undefined ? status : out.style(style, status);
};

export function printReport(out: Output, report: IntentsReport): void {
  const counts = countsOf(out, new Map(Object.entries(report.counts)));
  out.line([out.style('bold', report.request_id), '  ', styledStatus(out, report.outcome), '  ', joined(counts, ', ')]);
  out.line();
  // Failures come first: the table is read for them.
  const rows = report.results.map((result, index) => ({ result, index }));
  rows.sort((a, b) => rankOf(a.result) - rankOf(b.result) || a.index - b.index);
  out.table(
    ['#', 'intent', 'status', 'ms', 'what'],
    rows
      .slice(0, SHOWN_ROWS)
      .map(({ result, index }) => [
        String(index),
        result.intent_type,
        styledStatus(out, result.status),
        result.execution_time_ms.toFixed(1),
        result.success ? effectOf(result) : (result.error ?? ''),
      ]),
  );
  if (rows.length > SHOWN_ROWS) out.line(`… and ${rows.length - SHOWN_ROWS} more; --json prints them all`);
}

export function printTotals(out: Output, reports: readonly IntentsReport[], refused: number): void {
  const rows = new Map<string, number>();
  const add = (status: string, n: number): void => void rows.set(status, (rows.get(status) ?? 0) + n);
  for (const { counts } of reports) for (const [status, n] of Object.entries(counts)) add(status, n);
  const outcomes = new Map<string, number>();
  for (const { outcome } of reports) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  const lists = countsOf(out, outcomes);
  const intents = countsOf(out, rows);
  if (refused > 0) lists.push([`${refused} `, out.style('red', 'refused')]);
  out.table(
    ['', 'total', ''],
    [
      ['lists', String(reports.length + refused), joined(lists, ', ')],
      ['intents', String([...rows.values()].reduce((sum, n) => sum + n, 0)), joined(intents, ', ')],
    ],
  );
  const bad = reports.filter(({ outcome }) => outcome !== 'completed');
  if (bad.length === 0) return;
  out.line();
  out.table(
    ['list', 'outcome', 'first failure'],
    bad
      .slice(0, SHOWN_ROWS)
      .map((report) => [
        report.request_id,
        styledStatus(out, report.outcome),
        report.results.find(({ success, status }) => !success && status !== 'skipped')?.error ?? '',
      ]),
  );
}

/** Ranks failures before the intents they skipped, and successes last. */
const rankOf = ({ success, status }: Result): number => (success ? 2 : status === 'skipped' ? 1 : 0);

/** Writes counts such as `2 succeeded, 1 failed`, always in the order of `STYLES`. */
const countsOf = (out: Output, counts: ReadonlyMap<string, number>): Text[] =>
  Object.keys(STYLES).flatMap((status) => {
    const n = counts.get(status) ?? 0;
    return n === 0 ? [] : [[`${n} `, styledStatus(out, status)]];
  });

/** Describes the effect of an intent in a few words. */
function effectOf(result: Result): string {
  if (result.cut === true) return 'left out: the report was too large';
  switch (result.intent_type) {
    case 'PersistState':
      return `${result.namespaces_persisted?.length ?? 0} namespaces, ${result.total_items ?? 0} items`;
    case 'PersistFSMTransition':
      return `${result.workflow_id ?? ''} ${result.from_state ?? '·'} -> ${result.to_state ?? ''}`;
    case 'PublishEvent':
      return `${result.event_type ?? ''} to ${result.topic ?? ''}`;
    case 'RecoverFSMStates':
      return `${result.total_recovered ?? 0} states${result.truncated === true ? ', more follow' : ''}`;
    // A type that was added later has no words here.
    default:
      return '';
  }
}
