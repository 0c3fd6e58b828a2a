/** `ExecuteParkedListsWorkflow` tries a partition's parked lists until each has its verdict (ADR 0009). */
import {
  ApplicationFailure,
  continueAsNew,
  defineSignal,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import { PARKED_WAKE, type ParkedReport, type TakeParkedActivity } from '../../src/domain/intake/slice.js';
import type { SliceList } from '../../src/domain/intake/list.js';
import type { ExecuteSliceWorkflow } from './execute-slice.js';
import { eachPage } from '../page-loop.js';
import { storeActivity } from '../policies.js';

/** `takeParked` has no bound on its attempts: parked lists wait for as long as the store is unavailable. */
const { takeParked } = proxyActivities<{ takeParked: TakeParkedActivity }>({
  ...storeActivity,
  retry: { initialInterval: '1 s', maximumInterval: '30 s' },
});

/**
 * Seconds between two rounds of which the first answered nothing. They are doubled after each such round, up to the
 * longest.
 */
const FIRST_WAIT = 1;
const LONGEST_WAIT = 16;

/**
 * @param given the partition: the workflow id of its slices. Any client may give anything.
 * @param so_far number of lists that the runs before this one have answered.
 * @param from the start of the next page in the round that the run before this one began.
 * @throws ApplicationFailure `InvalidInput`. A cancelled execution answers the lists at hand as cancelled.
 */
export async function ExecuteParkedListsWorkflow(given: unknown, so_far = 0, from = 0): Promise<ParkedReport> {
  if (typeof given !== 'string' || given === '') {
    throw ApplicationFailure.nonRetryable(
      `input: expected the workflow id of a partition's slices, got ${typeof given}`,
      'InvalidInput',
    );
  }
  const partition = given;
  let wakes = 0;
  setHandler(defineSignal(PARKED_WAKE), () => {
    wakes += 1;
  });
  let answered = typeof so_far === 'number' ? so_far : 0;
  let start = typeof from === 'number' ? from : 0;
  let wait = FIRST_WAIT;
  for (;;) {
    const before = wakes;
    const round = await tryAll();
    // A list parked after the round looked has woken this execution.
    if (round.parked === 0 && wakes === before) return { answered };
    setCurrentDetails(`${answered} lists answered, ${round.waiting} wait for a key`);
    if (round.answered > 0) {
      wait = FIRST_WAIT;
    } else {
      await sleep(wait * 1_000);
      wait = Math.min(LONGEST_WAIT, wait * 2);
    }
  }

  /** Tries every parked list once, in their order. The store leaves out the lists behind one that stays parked. */
  async function tryAll(): Promise<{ readonly parked: number; readonly answered: number; readonly waiting: number }> {
    let parked = 0;
    let waiting = 0;
    const before = answered;
    const first = start;
    start = 0;
    const continueAt = (after: number) => continueAsNew<typeof ExecuteParkedListsWorkflow>(partition, answered, after);
    const act = async (after: number) => {
      const page = await takeParked({ partition, after });
      parked = Math.max(parked, page.parked);
      const tried = page.lists.length > 0 ? await tryPage(page.lists) : 0;
      answered += tried;
      // The last page has counted the lists that were parked when it was read.
      waiting = page.parked - tried;
      return page.next;
    };
    // The execution continues as new within a round and after it, because each page of lists is in the history twice.
    await eachPage(first, act, continueAt);
    if (workflowInfo().continueAsNewSuggested) await continueAt(0);
    return { parked, answered: answered - before, waiting };
  }
}

/**
 * @returns how many lists were answered. A slice that failed has answered none, or nobody knows: the next round will.
 */
async function tryPage(lists: readonly SliceList[]): Promise<number> {
  try {
    // The child is started by its name. The function says of its input that it is not to be decoded, and the SDK takes
    // that for how to send it too.
    const { parked } = await executeChild<typeof ExecuteSliceWorkflow>('ExecuteSliceWorkflow', {
      args: [{ lists, parked: true }],
      workflowId: `${workflowInfo().workflowId}/slice`,
      // The cancelled child answers its lists as cancelled, and does not leave them in the middle.
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      staticSummary: `${lists.length} parked lists`,
    });
    return lists.length - parked;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return 0;
  }
}
