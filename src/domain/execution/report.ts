/** This module makes the report of a list. It is free of zod, because workflow code imports it. */
import type { z } from 'zod';
import { shortenMiddle } from '../values/json.js';
import { REPORT_BYTES } from '../values/limits.js';
import type { IntentResult, IntentStatus, Outcome } from '../intents/result.js';
import type { report } from './report-schema.js';

/** The report is what the caller of a list gets; `report-schema.ts` says what each field is. */
export interface Report extends Readonly<Omit<z.infer<typeof report>, 'results'>> {
  readonly results: readonly IntentResult[];
}

/** Puts a report together and keeps it under `maxBytes` of JSON. */
export function makeReport(
  head: Pick<Report, 'request_id' | 'workflow_id' | 'outcome'>,
  results: readonly IntentResult[],
  maxBytes = REPORT_BYTES,
): Report {
  const report: Report = { ...head, counts: countByStatus(results), results, truncated: false };
  if (jsonLength(report) <= maxBytes) return report;
  const shorter = CUTS.map((cut) => ({ ...report, results: results.map(cut), truncated: true }));
  return shorter.find((one) => jsonLength(one) <= maxBytes) ?? shorter.at(-1) ?? report;
}

/**
 * These are the ways to shorten a result, one after the other. Pages of states are kept longest, because the ledger
 * does not have them. The plan has left room for them beside 500 bytes for every other result. An error is cut to fewer
 * and fewer characters; with 40, the 2,000 results of the largest list take 800 KB.
 */
const CUTS: readonly ((result: IntentResult) => IntentResult)[] = [
  (result) => (isPage(result) ? result : baseOf(result, Infinity)),
  ...[300, 100, 40].map((length) => (result: IntentResult) => (isPage(result) ? result : baseOf(result, length))),
  ...[300, 100, 40].map((length) => (result: IntentResult) => baseOf(result, length)),
];

/** Returns whether a result holds a page of states (RecoverFSMStates), which only its report has. */
const isPage = (result: IntentResult): boolean => 'recovered_states' in result;

/** Counts results by status; a status that did not occur is left out. */
export function countByStatus(results: readonly IntentResult[]): Report['counts'] {
  const counts: Partial<Record<IntentStatus, number>> = {};
  for (const { status } of results) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

function baseOf(result: IntentResult, errorLength: number): IntentResult {
  const base = {
    intent_id: result.intent_id,
    intent_type: result.intent_type,
    status: result.status,
    success: result.success,
    error: result.error === null ? null : shortenMiddle(result.error, errorLength),
    ...(result.error_code === undefined ? {} : { error_code: result.error_code }),
    ...(result.failure_class === undefined ? {} : { failure_class: result.failure_class }),
    execution_time_ms: result.execution_time_ms,
    timestamp: result.timestamp,
  };
  const whole = Object.keys(result).every((key) => key in base) && base.error === result.error;
  return whole ? base : { ...base, cut: true };
}

/** Returns the bytes of a value's JSON in UTF-8. It uses no Buffer, because the workflow sandbox has no Buffer. */
function jsonLength(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

/**
 * Returns `completed` when every intent succeeded, else `partial`. A dead letter makes it `partial`, because its event
 * awaits delivery.
 */
export const outcomeOf = (results: readonly IntentResult[]): Outcome =>
  results.every((result) => result.status === 'succeeded') ? 'completed' : 'partial';
