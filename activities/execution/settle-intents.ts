/**
 * The last word on intents whose activity failed for good (ADR 0013): those that had their effect all the same get its outcome,
 * the others are kept from having it later, or are `unknown` where nobody can say.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { SettleActivity, SettleInput } from '../../src/domain/execution/batch.js';
import type { Command } from '../../src/domain/intents/command.js';
import { withoutEffect } from '../../src/domain/execution/without-effect.js';
import { attempt } from '../attempts/attempt.js';
import type { BoundaryOptions } from './batch-activity.js';
import { commandsOf } from './commands.js';
import type { AnyEffect } from '../effects/effect.js';
import type { Ports } from '../ports.js';
import { isFinal } from '../attempts/retries.js';
import { announcementOf, refused, resultOf } from './outcomes.js';
import { outcomesOfRepeats } from './outcomes.js';

export function settleIntents(effects: readonly AnyEffect[], ports: Ports, options: BoundaryOptions): SettleActivity {
  const settlers = new Map(effects.map((effect) => [effect.definition.activity, settlerOf(effect, ports, options)]));
  return async (input) => {
    const settle = settlers.get(input.activity);
    if (settle === undefined) throw ApplicationFailure.nonRetryable(`no activity ${input.activity}`, 'PlanError');
    return settle(input);
  };
}

function settlerOf(
  effect: AnyEffect,
  ports: Ports,
  { budget, instruments, findSource }: BoundaryOptions,
): SettleActivity {
  const { definition } = effect;
  const carry = effect.create(ports);
  const fences = definition.ledger === 'with-effect';

  /** Ids of those that had their effect. */
  async function settledIds(commands: readonly Command<unknown>[], { error, error_code }: SettleInput['failure']) {
    const known = fences
      ? await ports.ledger.giveUp(
          commands.map((command) => ({ ...command, error, error_code, intent_type: definition.type })),
        )
      : await ports.ledger.find(commands.map(({ intent_id }) => intent_id));
    return new Set(known.keys());
  }

  return async ({ failure, ...batch }) => {
    try {
      return await attempt(definition.store, budget, async (info) => {
        const parsed = (await findSource(batch, info)).parse(definition, batch.items);
        const commands = commandsOf(parsed, '', info);
        const settled = await settledIds(commands, failure);
        // A repeat, for which the effect answers with the first outcome.
        const repeats = commands.filter(({ intent_id }) => settled.has(intent_id));
        const outcomes = await outcomesOfRepeats(carry, repeats, info);
        const outcomeOf = new Map(repeats.map(({ intent_id }, index) => [intent_id, outcomes[index]]));
        const verdict = {
          status: fences ? 'failed' : 'unknown',
          error: failure.error,
          errorCode: failure.error_code,
          ...(failure.failure_class === undefined ? {} : { failureClass: failure.failure_class }),
          timestamp: new Date().toISOString(),
        } as const;
        const results = parsed.map(({ item: { intent_id: id }, intent }) => {
          if (!intent.ok) return resultOf(definition.type, id, refused(intent.error), 0);
          const outcome = outcomeOf.get(id);
          if (outcome !== undefined) return resultOf(definition.type, id, outcome, 0);
          return withoutEffect({ id, type: definition.type }, verdict);
        });
        for (const { status } of results) instruments.settled(definition.type, status, 0);
        return { results, announce: results.flatMap((result) => announcementOf(definition, result)) };
      });
    } catch (failed) {
      if (isFinal(failed)) for (const _item of batch.items) instruments.settled(definition.type, 'unknown', 0);
      throw failed;
    }
  };
}
