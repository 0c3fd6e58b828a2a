/**
 * This module makes a group commit for each lock wait, so that a caller with a short one does not wait for a patient
 * one.
 */
import { groupCommit, type GroupCommitOptions } from '../../flow-control/group-commit.js';
import type { LockWait } from '../../domain/intents/command.js';

/** @param run a transaction; `locks` is the same for all its commands. */
export function byLockWait<C, O>(
  run: (batch: readonly C[], locks: LockWait) => Promise<O[]>,
  options: GroupCommitOptions,
): (batch: readonly C[], locks?: LockWait) => Promise<O[]> {
  const group = (locks: LockWait, own: GroupCommitOptions = {}) =>
    groupCommit<C, O>((batch) => run(batch, locks), { ...options, ...own });
  const groups = {
    patient: group('patient'),
    park: group('park'),
    // A batch that looks for its locked rows would keep those that share its transaction waiting.
    probe: group('probe', { maxEntries: 1 }),
  };
  return (batch, locks = 'patient') => groups[locks](batch);
}
