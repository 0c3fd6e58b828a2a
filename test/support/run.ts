/**
 * This module names a run of the tests, and whatever the run makes on the servers. Others may share the servers, and
 * the run's end leaves nothing there.
 */
import { randomBytes, randomUUID } from 'node:crypto';

/** The variable that names the run to each of its processes. */
const RUN = 'TEST_RUN';

export function beginRun(): void {
  process.env[RUN] = randomBytes(3).toString('hex');
}

/** Returns the run's name. It is undefined in a test that is run by hand, without a beginning and an end. */
export const runName = (): string | undefined => process.env[RUN];

/** Returns how the names of a run's topics begin. */
export const topicPrefix = (): string => `t${runName() ?? ''}-`;

/** Returns a new name for a topic, or a new beginning for the names of several. */
export const newTopic = (): string => `${topicPrefix()}${randomUUID().slice(0, 8)}`;
