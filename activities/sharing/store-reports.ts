/** This activity stores the verdicts of lists that callers share an execution for, and returns their reports. */
import { attempt } from '../attempts/attempt.js';
import { publishEvent } from '../effects/publish-event.js';
import type { BoundaryOptions } from '../execution/batch-activity.js';
import { type NumberedReport, reportIn, type SharingActivities } from '../../src/domain/sharing/shared-list.js';
import { jsonBytes, REPORT_BYTES } from '../../src/domain/values/limits.js';
import { verdictsOf } from '../intake/answer-lists.js';
import { announceNow, sliceEvents } from '../intake/slice-events.js';
import type { SliceResults } from '../intake/slice-results.js';
import type { Slices } from '../intake/slices.js';
import type { Ports } from '../ports.js';

export function storeReports(
  ports: Ports,
  { budget }: Pick<BoundaryOptions, 'budget'>,
  slices: Slices,
  sliceResults: SliceResults,
): SharingActivities['storeReports'] {
  const events = sliceEvents(ports);
  return (input) =>
    attempt(
      publishEvent.definition.store,
      budget,
      async (info, standing) => {
        const { slice: key, last, verdicts: drafts, repeats, announce = [] } = input;
        const slice = await slices.find(key, info);
        const publish = events(slice, info, standing);
        const { announcedNow, not_announced } = await announceNow(publish, announce, slice, sliceResults, info);
        const verdicts = await verdictsOf(drafts, announcedNow, slice, sliceResults, info);
        // A list that was rejected has no verdict: its caller may mend its options, as if it had an execution of its
        // own.
        const made = verdicts.flatMap((one) =>
          one.verdict.error === undefined ? [{ ...one, verdict: { ...one.verdict, shared: true as const } }] : [],
        );
        const stored = await ports.verdicts.store(made);
        const again = await ports.verdicts.find(repeats);
        const reports = [
          ...made.map(({ number, verdict }) => ({
            number,
            verdict: stored.get(verdict.event_id)?.verdict ?? verdict,
          })),
          ...slice.lists.flatMap(({ event_id }, number) => {
            const verdict = again.get(event_id)?.verdict;
            return verdict === undefined ? [] : [{ number, verdict }];
          }),
        ];
        if (last) slices.forget(key);
        return {
          reports: withinBytes(reports.map(({ number, verdict }) => ({ number, report: reportIn(verdict) }))),
          ...(not_announced.length > 0 ? { not_announced } : {}),
        };
      },
      input.failing_since,
    );
}

/** Leaves out reports behind those that fill a payload: they are stored, and asked for by event id. */
function withinBytes(reports: readonly Required<Omit<NumberedReport, 'bytes'>>[]): NumberedReport[] {
  let sum = 0;
  return reports.map(({ number, report }) => {
    const bytes = jsonBytes(report);
    if (sum + bytes > REPORT_BYTES) return { number, bytes: 0 };
    sum += bytes;
    return { number, report, bytes };
  });
}
