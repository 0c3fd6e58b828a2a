/**
 * What a run of the tests makes on the servers carries the run's name: others may share them, and its end leaves
 * nothing there.
 */
import { randomBytes, randomUUID } from 'node:crypto';

/** Names the run to each of its processes. */
const RUN = 'TEST_RUN';

export function beginRun(): void {
  process.env[RUN] = randomBytes(3).toString('hex');
}

/** Undefined in a test that is run by hand, without a beginning and an end. */
export const runName = (): string | undefined => process.env[RUN];

/** Begins the names of a run's topics. */
export const topicPrefix = (): string => `t${runName() ?? ''}-`;

/** A name of its own, for a topic or for what begins the names of several. */
export const newTopic = (): string => `${topicPrefix()}${randomUUID().slice(0, 8)}`;
