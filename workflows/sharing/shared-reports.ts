/** This module gathers what came of the lists of a shared execution. */
import { workflowInfo } from '@temporalio/workflow';
import { expandResult, isKept } from '../../src/domain/execution/compact-form.js';
import { makeReport } from '../../src/domain/execution/report.js';
import type { IntentResult } from '../../src/domain/intents/result.js';
import type { VerdictDraft } from '../../src/domain/intake/slice.js';
import type { NumberedReport, SharedList, SharedPlan, SharedReport } from '../../src/domain/sharing/shared-list.js';
import { REPORT_BYTES } from '../../src/domain/values/limits.js';
import { knownOf, plannedAt } from '../execution/recorded-results.js';
import type { SendAnswers } from '../intake/slice-answers.js';
import { storeReports } from './sharing-activities.js';

export class SharedReports {
  readonly #reports = new Map<number, NumberedReport>();
  readonly #moved = new Set<number>();

  constructor(private readonly plan: SharedPlan) {}

  /**
   * Answers lists. A store that is unavailable for good must not keep a caller from its report: the report then has
   * what the workflow knows.
   */
  readonly send: SendAnswers = async (call, summary) => {
    if (call.verdicts.length + call.repeats.length === 0) return {};
    try {
      const { reports, ...announced } = await storeReports.executeWithOptions({ summary }, [call]);
      for (const report of reports) this.#reports.set(report.number, report);
      return announced;
    } catch (error) {
      // The announcements have another attempt, without the verdicts' failure in the way.
      if ((call.announce ?? []).length > 0) throw error;
      for (const draft of call.verdicts) this.#reports.set(draft.number, this.#shortReport(draft));
      return {};
    }
  };

  /** Says that a list goes on in an execution of its own. */
  moved(number: number): void {
    this.#moved.add(number);
  }

  /** Returns the lists that have ended, or have another execution. @param ids their request ids; default: all. */
  ended(ids?: readonly string[]): SharedList[] {
    const wanted = ids === undefined ? undefined : new Set(ids);
    return this.plan.lists.flatMap(({ request_id }, number) =>
      (wanted?.has(request_id) ?? true) ? (this.#listOf(number) ?? []) : [],
    );
  }

  /** Returns the result of the execution. Reports behind those that fill a payload are left to their verdicts. */
  whole(): SharedReport {
    let sum = 0;
    return {
      lists: this.plan.lists.map(({ request_id, event_id }, number) => {
        const list = this.#listOf(number) ?? { request_id, event_id };
        sum += this.#reports.get(this.#firstOf(number))?.bytes ?? 0;
        if (sum <= REPORT_BYTES) return list;
        const { report: _, ...rest } = list;
        return rest;
      }),
    };
  }

  /** Returns what came of a list; null before its end. */
  #listOf(number: number): SharedList | null {
    const list = this.plan.lists[number];
    if (list === undefined) return null;
    const { request_id, event_id, refused, skipped, invalid = '', elsewhere } = list;
    const named = { request_id, event_id };
    if (refused !== undefined) return { ...named, refused };
    if (skipped === 'conflicts') return { ...named, conflict: invalid };
    if (elsewhere !== undefined) return { ...named, workflow_id: elsewhere };
    const first = this.#firstOf(number);
    if (this.#moved.has(first)) return { ...named, workflow_id: request_id };
    const known = this.#reports.get(first);
    if (known === undefined) return null;
    return known.report === undefined ? named : { ...named, report: known.report };
  }

  /** Returns the number of the list that a repeat repeats; a list's own otherwise. */
  #firstOf(number: number): number {
    const list = this.plan.lists[number];
    if (list?.skipped !== 'repeats') return number;
    return this.plan.lists.findIndex(({ event_id }) => event_id === list.event_id);
  }

  /** Returns a report without what only the worker knows, that executed the intents. */
  #shortReport({ number, outcome, results }: VerdictDraft): NumberedReport {
    const { request_id = '', first = 0 } = this.plan.lists[number] ?? {};
    const complete = results.map(expandResult).map((result, index): IntentResult => {
      if (!isKept(result)) return result;
      return { ...knownOf(plannedAt(this.plan, first + index), result, new Date().toISOString()), cut: true };
    });
    const { workflowId } = workflowInfo();
    const report = makeReport({ request_id, workflow_id: workflowId, outcome }, complete);
    const truncated = report.truncated || complete.some(({ cut }) => cut === true);
    return { number, report: { ...report, truncated }, bytes: JSON.stringify(report).length };
  }
}
