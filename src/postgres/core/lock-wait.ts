/** Group commits by how long their callers wait for rows: one that waits briefly is not held up by one that does not. */
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
    // One batch finding out which of its rows are held would keep those that share its transaction waiting.
    probe: group('probe', { maxEntries: 1 }),
  };
  return (batch, locks = 'patient') => groups[locks](batch);
}
