import type { Ledger } from '../domain/ledger/port.js';
import type { IntentsReport, Result } from './types.js';

/**
 * Fills the cut results of a report with what the ledger has stored of them. A page of states is not in the ledger, so
 * its result stays cut, and the report `truncated`.
 */
export async function completeReport(report: IntentsReport, ledger: Ledger): Promise<IntentsReport> {
  const known = await ledger.find(report.results.flatMap(({ cut, intent_id }) => (cut === true ? [intent_id] : [])));
  const results = report.results.map((result): Result => {
    const record = known.get(result.intent_id);
    if (result.cut !== true || record === undefined) return result;
    const { cut: _, ...base } = result;
    return { ...record.result, ...base };
  });
  return { ...report, results, truncated: results.some(({ cut }) => cut === true) };
}
