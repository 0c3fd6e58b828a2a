/** The end of a chaos file: what its executions did comes out the same when their histories are replayed. */
import assert from 'node:assert/strict';
import { createLogger } from '../../../src/log.js';
import { installRuntime } from '../../../src/worker/runtime.js';
import type { Environment } from '../../support/environment.js';
import { historiesOf, replay } from '../../support/replay.js';

/** Milliseconds, for the last `after`: a file has up to some thousands of executions, of which 50 a second are replayed. */
export const END_MS = 300_000;

/** @param environment undefined when it could not be made. @throws when one differs, or there is none. */
export async function replayAll(environment: Environment | undefined): Promise<void> {
  if (environment === undefined) return;
  const { temporal, config } = environment;
  // Else the SDK logs every state of the replaying worker.
  await installRuntime(createLogger('silent'));
  const replayed = await replay(historiesOf(temporal, [config.TEMPORAL_TASK_QUEUE]));
  assert.ok(replayed > 0, 'nothing was replayed');
  process.stderr.write(`      replayed ${replayed} executions\n`);
}
