/** This module says when those workers last polled that an execution is for. */
import proto from '@temporalio/proto';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { type DescribedQueue, isSame, routingIn, versionOf } from './routing.js';

type Versioning = proto.temporal.api.workflow.v1.IWorkflowExecutionVersioningInfo | null | undefined;
const { VERSIONING_BEHAVIOR_PINNED } = proto.temporal.api.enums.v1.VersioningBehavior;

/**
 * Returns the newest poll of the workers that may take an execution's next task; null when the server knows of none. A
 * pinned one is for its version; others go where the task queue routes them. Polls of other versions do not help it.
 */
export function lastPollFor(queue: DescribedQueue, versioning: Versioning): number | null {
  const pinned = versioning?.behavior === VERSIONING_BEHAVIOR_PINNED ? versionOf(versioning.deploymentVersion) : null;
  const { current, ramping, percent } = routingIn(queue);
  const takers = pinned !== null ? [pinned] : ramping !== null || percent > 0 ? [current, ramping] : [current];
  return newestPoll(
    queue.pollers.filter(({ deploymentOptions }) =>
      takers.some((taker) => isSame(taker, versionOf(deploymentOptions))),
    ),
  );
}

/** Returns the newest poll in milliseconds since 1970; null when there is none. */
export const newestPoll = (pollers: DescribedQueue['pollers']): number | null =>
  pollers.length === 0 ? null : Math.max(...pollers.map(({ lastAccessTime }) => tsToMs(lastAccessTime)));
