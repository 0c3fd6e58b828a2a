import type { Ledger } from '../domain/ledger/port.js';
import type { IntentsReport } from './types.js';

/** Fills a truncated report's successes with what the ledger has stored of them. */
export async function completeReport(report: IntentsReport, ledger: Ledger): Promise<IntentsReport> {
  const known = await ledger.find(report.results.map(({ intent_id }) => intent_id));
  const results = report.results.map((result) =>
    result.success ? { ...known.get(result.intent_id)?.result, ...result } : result,
  );
  return { ...report, results, truncated: false };
}
