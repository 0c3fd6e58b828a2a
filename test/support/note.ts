/** A note is an intent type whose effect a test makes up. */
import type { z } from 'zod';
import { defineIntent } from '../../src/domain/intents/definition.js';

export const noteOf = <Schema extends z.ZodType>(schema: Schema) =>
  defineIntent({
    type: 'Note',
    target: 'store_effect',
    defaultPriority: 1,
    schema,
    activity: 'notes',
    retryPolicy: 'write',
    limits: { count: 10, bytes: 1_000 },
    orderKey: () => '',
    describe: () => '',
    store: 'postgres',
    announce: () => null,
  });
