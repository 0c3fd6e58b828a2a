/** This effect fails, and says what a test wants to find, or not to find, in what becomes of it. */
import { z } from 'zod';
import { defineEffect } from '../../activities/effects/effect.js';
import type { Intent } from '../../src/client/index.js';
import { EffectError } from '../../src/domain/failures/failure.js';
import { defineIntent } from '../../src/domain/intents/definition.js';

const definition = defineIntent({
  type: 'Failing',
  target: 'store_effect',
  defaultPriority: 0,
  schema: z.looseObject({ text: z.string(), times: z.int() }),
  activity: 'failing',
  retryPolicy: 'write',
  limits: { count: 1, bytes: 900_000 },
  orderKey: () => '',
  describe: ([payload]) => `fails with ${payload?.text}`,
  store: 'postgres',
  announce: () => null,
});

/** Fails so many attempts as its payload says, and then for good. */
export const failing = defineEffect(definition, () => ({ commands, attempt }) => {
  const [{ payload: { text, times } } = { payload: { text: '', times: 0 } }] = commands;
  const cause = new TypeError(`the cause is ${text}`);
  if (attempt <= times) throw new EffectError('transient', `an attempt fails with ${text}`, { cause });
  throw new EffectError('invalid', `the intent fails with ${text}`, { cause });
});

export const failingIntent = (priority: number, text: string, times = 0): Intent =>
  ({ intent_type: 'Failing', target: 'store_effect', priority, payload: { text, times } }) as unknown as Intent;
