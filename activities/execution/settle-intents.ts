/**
 * This activity resolves the intents whose activity failed for good (ADR 0013). An intent that had its effect all the
 * same gets the first result. The others are kept from having it later, or are `unknown` where nobody can say.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { ResolveActivity, ResolveInput } from '../../src/domain/execution/batch.js';
import type { Command } from '../../src/domain/intents/command.js';
import { withoutEffect } from '../../src/domain/execution/without-effect.js';
import { attempt } from '../attempts/attempt.js';
import type { BoundaryOptions } from './batch-activity.js';
import { commandsOf } from './commands.js';
import type { AnyEffect } from '../effects/effect.js';
import type { Ports } from '../ports.js';
import { isFinal } from '../attempts/retries.js';
import { announcementOf, outcomesOfRepeats, refused, resultOf } from './outcomes.js';

export function settleIntents(effects: readonly AnyEffect[], ports: Ports, options: BoundaryOptions): ResolveActivity {
  const resolvers = new Map(effects.map((effect) => [effect.definition.activity, resolverOf(effect, ports, options)]));
  return async (input) => {
    const resolve = resolvers.get(input.activity);
    if (resolve === undefined) throw ApplicationFailure.nonRetryable(`no activity ${input.activity}`, 'PlanError');
    return resolve(input);
  };
}

function resolverOf(
  effect: AnyEffect,
  ports: Ports,
  { budget, instruments, findSource }: BoundaryOptions,
): ResolveActivity {
  const { definition } = effect;
  const execute = effect.create(ports);
  const fences = definition.ledger === 'with-effect';

  /** Returns the ids of the intents that had their effect. */
  async function recordedIds(commands: readonly Command<unknown>[], { error, error_code }: ResolveInput['failure']) {
    const known = fences
      ? await ports.ledger.giveUp(
          commands.map((command) => ({ ...command, error, error_code, intent_type: definition.type })),
        )
      : await ports.ledger.find(commands.map(({ intent_id }) => intent_id));
    return new Set(known.keys());
  }

  return async ({ failure, ...batch }) => {
    try {
      return await attempt(
        definition.store,
        budget,
        async (info) => {
          const parsed = (await findSource(batch, info)).parse(definition);
          const commands = commandsOf(parsed, '', info);
          const recorded = await recordedIds(commands, failure);
          // A recorded intent is a repeat, to which the effect replies with the first result.
          const repeats = commands.filter(({ intent_id }) => recorded.has(intent_id));
          const outcomes = await outcomesOfRepeats(execute, repeats, info);
          const outcomeOf = new Map(repeats.map(({ intent_id }, index) => [intent_id, outcomes[index]]));
          const ending = {
            status: fences ? 'failed' : 'unknown',
            error: failure.error,
            errorCode: failure.error_code,
            ...(failure.failure_class === undefined ? {} : { failureClass: failure.failure_class }),
            timestamp: new Date().toISOString(),
            ...(failure.elapsed_ms === undefined ? {} : { elapsedMs: failure.elapsed_ms }),
          } as const;
          const results = parsed.map(({ item: { intent_id: id }, intent }) => {
            if (!intent.ok) return resultOf(definition.type, id, refused(intent.error), 0);
            const outcome = outcomeOf.get(id);
            if (outcome !== undefined) return resultOf(definition.type, id, outcome, 0);
            return withoutEffect({ id, type: definition.type }, ending);
          });
          for (const { status } of results) instruments.ended(definition.type, status, 0);
          return { results, announce: results.flatMap((result) => announcementOf(definition, result)) };
        },
        batch.failing_since,
      );
    } catch (failed) {
      if (isFinal(failed)) for (const _item of batch.items) instruments.ended(definition.type, 'unknown', 0);
      throw failed;
    }
  };
}
