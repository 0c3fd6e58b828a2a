/** This module has the activities of a slice, and the key under which they find it. */
import { proxyActivities, proxyLocalActivities, workflowInfo } from '@temporalio/workflow';
import type { ParkingActivities, PlanSliceActivity, SliceActivities } from '../../src/domain/intake/slice.js';
import { PLANNING_MS } from '../../src/domain/time-outs.js';
import { storeActivity } from '../policies.js';

/**
 * `planSlice` is local, as the planning of one list is. Its attempts have no bound: it asks PostgreSQL which lists are
 * answered. A slice waits for that as long as it takes, since nothing has happened yet.
 */
export const { planSlice } = proxyLocalActivities<{ planSlice: PlanSliceActivity }>({
  startToCloseTimeout: PLANNING_MS,
  retry: { initialInterval: '1 s', maximumInterval: '30 s' },
});

export const { answerLists } = proxyActivities<SliceActivities>(storeActivity);

/** `parkLists` has no bound on its attempts: until the lists are stored, only this execution knows that they wait. */
export const { parkLists } = proxyActivities<ParkingActivities>({
  ...storeActivity,
  retry: { initialInterval: '1 s', maximumInterval: '30 s' },
});

/**
 * Returns the key under which activities find the slice: the hash that the intake gave it, else the run id. The
 * intake's own process has the slice at hand under that hash.
 */
export function sliceKey(): string {
  const { memo, runId } = workflowInfo();
  const hash = memo?.['slice_sha256'];
  return typeof hash === 'string' && hash.length <= 64 ? hash : runId;
}
