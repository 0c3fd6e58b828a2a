import type { Command, EffectOutcome } from '../intents/command.js';
import type { LedgerRecord } from './port.js';

/**
 * Returns the reply to a command whose id was executed before: the first reply, or an error that names both payloads.
 * @param repeated whether another execution, or an earlier command of the batch, had the effect.
 */
export function repeatOf<R>(
  command: Command<unknown>,
  winner: Pick<LedgerRecord, 'payload_hash' | 'execution_id' | 'settled_at'>,
  result: R,
  repeated: boolean,
): EffectOutcome<R> {
  const { payload_hash, execution_id, settled_at } = winner;
  if (payload_hash === command.payload_hash) return { ok: true, result, settled_at, repeated };
  const error =
    `intent_id: ${command.intent_id} was already executed with another payload (sha256 ${payload_hash.slice(0, 12)} at ` +
    `${settled_at} by ${execution_id}, ${command.payload_hash.slice(0, 12)} now)`;
  return { ok: false, error, settled_at: new Date().toISOString() };
}
