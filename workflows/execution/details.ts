/** This module writes the execution's current details in the Web UI: a small Markdown table, a row per tier. */
import type { Plan, PlannedTier } from '../../src/domain/execution/plan.js';
import type { IntentResult } from '../../src/domain/intents/result.js';
import type { SlicePlan } from '../../src/domain/intake/slice.js';
import type { SharedPlan } from '../../src/domain/sharing/shared-list.js';
import type { Work } from '../../src/domain/execution/work.js';
import { shortenMiddle } from '../../src/domain/values/json.js';
import { inMarkdown } from '../../src/domain/values/text.js';

/**
 * The most failures that are spelled out below the table. An operator reads the first ones and opens the result for the
 * rest.
 */
const SHOWN_FAILURES = 5;

type Results = readonly (IntentResult | undefined)[];

export const detailsOf = (plan: Plan, results: Results, current: PlannedTier | null): string =>
  tableOf(`**${plan.intents.length} intents**, request ${quoted(plan.request_id)}`, plan, results, current);

export function sliceDetailsOf(plan: SlicePlan, results: Results, current: PlannedTier | null): string {
  const repeated = plan.lists.filter(({ skipped }) => skipped === 'answered' || skipped === 'repeats').length;
  const parked = plan.lists.filter(({ skipped }) => skipped === 'parked').length;
  const refused = plan.lists.flatMap(({ refused: reason }, number) =>
    reason === undefined ? [] : [{ number, reason }],
  );
  const head = [
    `**${plan.intents.length} intents** of ${plan.lists.length} lists` +
      (repeated > 0 ? `, ${repeated} answered before` : '') +
      (parked > 0 ? `, ${parked} behind a parked list` : ''),
    ...refused
      .slice(0, SHOWN_FAILURES)
      .map(({ number, reason }) => `- \`lists[${number}]\` **refused**: ${quoted(reason)}`),
  ].join('\n');
  return tableOf(head, plan, results, current);
}

/** The most lists that have a row; the client hands over 50 at most. */
const SHOWN_LISTS = 100;

/** Writes a row for each list of a shared execution: an operator looks for one of them. */
export function sharedDetailsOf({ intents, lists }: SharedPlan, results: Results): string {
  const rows = lists.slice(0, SHOWN_LISTS).map((list) => {
    const { first, count, request_id, refused, skipped } = list;
    const ended = results.slice(first, first + count).filter((result) => result !== undefined);
    const succeeded = ended.filter(({ success }) => success).length;
    const left = ended.filter(({ status }) => status === 'skipped').length;
    const state = refused === undefined ? (skipped ?? (ended.length === count ? 'done' : 'open')) : 'refused';
    const numbers = [count, succeeded, ended.length - succeeded - left, left];
    return `| ${quoted(request_id)} | ${numbers.join(' | ')} | ${state} |`;
  });
  return [
    `**${intents.length} intents** of ${lists.length} lists`,
    '',
    '| Request | Intents | Succeeded | Failed | Skipped | State |',
    '| --- | ---: | ---: | ---: | ---: | --- |',
    ...rows,
    ...(lists.length > SHOWN_LISTS ? ['', `and ${lists.length - SHOWN_LISTS} more lists`] : []),
  ].join('\n');
}

function tableOf(
  head: string,
  plan: Pick<Work, 'intents' | 'tiers'>,
  results: Results,
  current: PlannedTier | null,
): string {
  const rows = plan.tiers.map((tier) => {
    const indexes = tier.lanes.flatMap(({ chunks }) => chunks.flatMap((chunk) => chunk.indexes));
    const ended = indexes.map((index) => results[index]).filter((result) => result !== undefined);
    const types = [...new Set(indexes.map((index) => plan.intents[index]?.type ?? ''))].sort().join(', ');
    const succeeded = ended.filter(({ success }) => success).length;
    const failed = ended.filter(({ success, status }) => !success && status !== 'skipped').length;
    const skipped = ended.filter(({ status }) => status === 'skipped').length;
    const state = tier === current ? 'running' : ended.length === indexes.length ? 'done' : 'waiting';
    return `| ${tier.priority} | ${types} | ${indexes.length} | ${succeeded} | ${failed} | ${skipped} | ${state} |`;
  });
  const table = [
    '| Priority | Intent types | Intents | Succeeded | Failed | Skipped | State |',
    '| ---: | --- | ---: | ---: | ---: | ---: | --- |',
    ...rows,
  ];
  const failures = results.flatMap((result, index) =>
    result === undefined || result.success || result.status === 'skipped'
      ? []
      : [`- \`intents[${index}]\` ${quoted(result.intent_type)} **${result.status}**: ${quoted(result.error ?? '')}`],
  );
  const more = failures.length - SHOWN_FAILURES;
  return [
    head,
    '',
    ...(plan.tiers.length > 0 ? table : ['Nothing ran.']),
    ...(failures.length > 0 ? ['', '**Failures**', '', ...failures.slice(0, SHOWN_FAILURES)] : []),
    ...(more > 0 ? [`- and ${more} more in the result`] : []),
  ].join('\n');
}

/** The most characters of a text from outside in details and summaries. */
const QUOTED_LENGTH = 200;

/** Quotes a text from outside, so that nothing in it is Markdown's. */
export const quoted = (text: string): string => inMarkdown(shortenMiddle(text, QUOTED_LENGTH));
