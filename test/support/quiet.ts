/**
 * This logger is for an activity that a test runs by itself. Its failures are what the test is about, and need no log.
 */
import { DefaultLogger } from '@temporalio/worker';

export const QUIET = { logger: new DefaultLogger('ERROR') };
