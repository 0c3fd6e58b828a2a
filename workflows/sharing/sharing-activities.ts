/** This module has the activities of a shared execution. */
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { PlanListsActivity, SharingActivities } from '../../src/domain/sharing/shared-list.js';
import { PLANNING_MS } from '../../src/domain/time-outs.js';
import { storeActivity } from '../policies.js';

/**
 * `planLists` is local, as the planning of one list is. Its attempts have no bound: it asks PostgreSQL which lists are
 * answered, and nothing has happened yet.
 */
export const { planLists } = proxyLocalActivities<{ planLists: PlanListsActivity }>({
  startToCloseTimeout: PLANNING_MS,
  retry: { initialInterval: '1 s', maximumInterval: '30 s' },
});

export const { storeReports } = proxyActivities<SharingActivities>(storeActivity);
