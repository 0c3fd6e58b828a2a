/**
 * This module is loaded by its path, by the worker and into the workflow bundle. With it the message and the stack
 * trace of a failure travel as a payload, which the codec encrypts.
 */
import { DefaultFailureConverter } from '@temporalio/common';

export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
