/** Asks an effect for the outcomes of intents it has carried out before. */
import type { Info } from '@temporalio/activity';
import type { Command, EffectOutcome } from '../../src/domain/intents/command.js';
import type { AnyEffect } from '../effects/effect.js';

/** @returns in the order of the commands. All of them are in the ledger, so nothing happens once more. @throws EffectError */
export const outcomesOfRepeats = (
  carry: ReturnType<AnyEffect['create']>,
  commands: readonly Command<unknown>[],
  { scheduledTimestampMs }: Info,
): Promise<EffectOutcome<object>[]> =>
  carry({
    commands,
    correlationId: '',
    scheduledAt: new Date(scheduledTimestampMs).toISOString(),
    pageBytes: 0,
    announce: [],
    locks: 'patient',
    attempt: 1,
    isLast: () => false,
    notAnnounced: () => undefined,
  });
