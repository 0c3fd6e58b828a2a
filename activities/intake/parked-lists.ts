/**
 * These activities park lists and read parked ones (ADR 0009). A parked list waits for a locked row, or for a parked
 * list before it that shares a key.
 */
import { activityInfo } from '@temporalio/activity';
import type { ParkingActivities, TakeParkedActivity } from '../../src/domain/intake/slice.js';
import { parkedFrom } from '../../src/domain/intake/slice-plan.js';
import type { Ports } from '../ports.js';
import { heartbeating } from '../attempts/attempt.js';
import type { Slices } from './slices.js';

interface ParkedListActivities extends ParkingActivities {
  takeParked: TakeParkedActivity;
}

/** Makes the activities. They fail as the stores do, and are tried for as long as it takes. */
export function parkedListActivities({ parkedLists, parkedRuns }: Ports, slices: Slices): ParkedListActivities {
  return {
    parkLists: ({ slice, event_ids, numbers }) =>
      heartbeating({}, async () => {
        const info = activityInfo();
        const partition = info.workflowExecution?.workflowId ?? '';
        const open = await slices.find(slice, info);
        const wanted = new Set(event_ids);
        // A list behind the first one of its event id is a repeat, or a conflict.
        const lists =
          numbers?.map((number) => open.list(number)) ?? open.lists.filter(({ event_id }) => wanted.delete(event_id));
        await parkedLists.park(
          partition,
          lists.map((list) => parkedFrom(open, list)),
        );
        // The execution is woken after the lists are stored, because it ends when it finds none.
        await parkedRuns.wake(partition);
        slices.forget(slice);
      }),
    takeParked: ({ partition, after }) => heartbeating({}, () => parkedLists.page(partition, after)),
  };
}
