/** This is the activity behind `RedriveDeadLettersWorkflow`: it redrives one page of dead letters. */
import { z } from 'zod';
import type { RedriveActivity } from '../../src/domain/dead-letters/redrive.js';
import { optional, timestamp, withDefault } from '../../src/domain/intents/fields.js';
import { TWO_STORES_ATTEMPT_MS } from '../../src/domain/time-outs.js';
import { attempt } from '../attempts/attempt.js';
import type { Ports } from '../ports.js';
import type { OutageBudget } from '../attempts/outage-budget.js';
import { readInput } from '../parse-input.js';

/** The input of the activity. */
export const redriveInput = z.object({
  topic: optional(z.string()),
  since: optional(timestamp),
  ids: optional(z.array(z.int().min(1)).max(10_000)),
  automatic: withDefault(z.boolean(), false),
  after: z.int().min(0),
  limit: z.int().min(1).max(1_000),
});

export function redriveDeadLetters(ports: Ports, budget: OutageBudget): RedriveActivity {
  const { store, maxRedrives, topicSuffix } = ports.deadLetters;
  return async (given) => {
    const { after, limit, automatic, topic, since, ids } = readInput(redriveInput, given);
    const filter = {
      ...(topic === undefined ? {} : { topic }),
      ...(since === undefined ? {} : { since }),
      ...(ids === undefined ? {} : { ids }),
      ...(automatic ? { maxRedrives } : {}),
    };
    return attempt(
      'postgres',
      budget,
      () => store.redrive(filter, after, limit, { publisher: ports.publisher, topicSuffix }),
      {},
      TWO_STORES_ATTEMPT_MS,
    );
  };
}
