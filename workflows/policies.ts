/**
 * This module makes the activity proxies, one per purpose. Budgets per failure class are kept in
 * `activities/attempts/retries.ts`, because `maximumAttempts` counts every attempt alike. No policy sets
 * `scheduleToClose` either: it counts the time in the queue, and would fail untouched intents while the worker fleet is
 * down.
 */
import {
  type ActivityInterfaceFor,
  type ActivityOptions,
  ApplicationFailure,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type {
  BatchActivity,
  BatchInput,
  BatchOutput,
  PlanActivity,
  ResolveActivity,
  ResolveInput,
} from '../src/domain/execution/batch.js';
import { HEARTBEAT_TIMEOUT_MS, PLANNING_MS, STORE_ATTEMPT_MS, TWO_STORES_ATTEMPT_MS } from '../src/domain/time-outs.js';
import type { RetryPolicyName } from '../src/domain/intents/definition.js';

/**
 * These delays hold for time-outs, which bring no delay; the activity's own `nextRetryDelay` (jittered) comes before
 * them.
 */
const retry = {
  initialInterval: '1 s',
  backoffCoefficient: 2,
  maximumInterval: '30 s',
  // The maximum is a backstop for attempts that end without a word, such as a batch that crashes its worker. The
  // budgets come to 35 attempts at most.
  maximumAttempts: 100,
} as const;

/** A cancelled execution waits for the batch that runs, so that its report says what became of it. */
const cancellationType = 'WAIT_CANCELLATION_COMPLETED';

/**
 * The heartbeat time-out is the silence by which a dead worker is noticed: activities send a heartbeat every 5 s once
 * they take that long. It is 20 s, because a Node process may be silent for some seconds: it collects garbage, or
 * starts a neighbour on a busy machine. An attempt beside a living one costs a wait for its locks.
 */
const heartbeatTimeout = HEARTBEAT_TIMEOUT_MS;

/** The options of activities that work at a store. docs/time-outs.md says what has to fit into their time. */
export const storeActivity = {
  startToCloseTimeout: STORE_ATTEMPT_MS,
  heartbeatTimeout,
  retry,
} as const satisfies ActivityOptions;

/** The options of activities that ask PostgreSQL and then Kafka, each for as long as it may take. */
export const twoStoresActivity = {
  ...storeActivity,
  startToCloseTimeout: TWO_STORES_ATTEMPT_MS,
} as const satisfies ActivityOptions;

const policies: Record<RetryPolicyName, ActivityOptions> = {
  write: { ...storeActivity, cancellationType },
  publish: { ...storeActivity, cancellationType },
  read: { ...storeActivity, cancellationType },
};

type BatchActivities = ActivityInterfaceFor<Record<string, BatchActivity>>;

const proxies: Record<RetryPolicyName, BatchActivities> = {
  write: proxyActivities<Record<string, BatchActivity>>(policies.write),
  publish: proxyActivities<Record<string, BatchActivity>>(policies.publish),
  read: proxyActivities<Record<string, BatchActivity>>(policies.read),
};

/**
 * Runs the activity `name` under a policy, with a summary beside it in the Web UI. It is not async, because the SDK
 * takes a stack trace for every promise that workflow code makes.
 */
export function runBatch(
  policy: RetryPolicyName,
  name: string,
  summary: string,
  input: BatchInput,
): Promise<BatchOutput> {
  const activity = proxies[policy][name];
  if (activity === undefined) throw ApplicationFailure.nonRetryable(`no activity ${name}`, 'PlanError');
  return activity.executeWithOptions({ summary }, [input]);
}

const { settleIntents } = proxyActivities<{ settleIntents: ResolveActivity }>(policies.write);

/** Resolves the intents of a chunk whose activity failed for good; `summary` is the chunk's. */
export const resolveBatch = (summary: string, input: ResolveInput): Promise<BatchOutput> =>
  settleIntents.executeWithOptions({ summary: `given up: ${summary}` }, [input]);

/**
 * Planning is a local activity, because it touches nothing outside. The plan is then in history at the cost of a
 * marker, not of a task round trip. It has three attempts at most: it can only fail for a defect of ours, and a stuck
 * workflow task helps nobody.
 */
export const { planIntents } = proxyLocalActivities<{ planIntents: PlanActivity }>({
  startToCloseTimeout: PLANNING_MS,
  retry: { maximumAttempts: 3 },
});
