/** This module reads the input of a workflow that any client may start, with anything. */
import { ApplicationFailure } from '@temporalio/common';
import type { z } from 'zod';
import { describeIssue } from '../src/domain/values/issue.js';

/**
 * @throws ApplicationFailure `InvalidInput`, never retried, naming the field, the type of its value and what was
 * expected.
 */
export function readInput<S extends z.ZodType>(schema: S, given: unknown): z.output<S> {
  const { success, data, error } = schema.safeParse(given);
  if (!success) throw ApplicationFailure.nonRetryable(describeIssue(error, given, 'input'), 'InvalidInput');
  return data;
}
