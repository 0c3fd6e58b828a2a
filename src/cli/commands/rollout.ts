import { userInfo } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { createRolloutStore } from '../../postgres/rollout/rollout-store.js';
import { parseShare } from '../../domain/rollout/share.js';
import type { RolloutState } from '../../domain/rollout/port.js';
import { DEFAULT_TRIGGERS, type PathWindow } from '../../domain/rollout/triggers.js';
import { contextOf, endpointsOf } from '../context.js';
import { withPool } from '../database.js';
import type { Output } from '../views/output.js';

export const rolloutCommand = (): Command =>
  new Command('rollout')
    .description('the staged rollout beside the legacy path: which share of the correlation ids takes the new one')
    .addCommand(
      new Command('status')
        .description('show the share, the last minutes of both paths, and the changes')
        .action(async (_options: object, command: Command) => {
          const { config, out } = contextOf(command);
          const { postgres } = await endpointsOf(config, 'postgres');
          await withPool(postgres, async (pool) => {
            const store = createRolloutStore(pool);
            const { windowMs } = DEFAULT_TRIGGERS;
            const state = await store.state();
            show(out, state, {
              legacy: await store.window('legacy', windowMs),
              new: await store.window('new', windowMs),
            });
          });
        }),
    )
    .addCommand(
      new Command('set')
        .description('set the share, and lift a rollback; lists that are routed stay on their path')
        .argument('<share>', 'percent of the correlation ids, 0 to 100; on, off', share)
        .option('--reason <text>', 'for the record', 'set on the command line')
        .action(async (percent: number, { reason }: { reason: string }, command: Command) => {
          const { config, out } = contextOf(command);
          const { postgres } = await endpointsOf(config, 'postgres');
          await withPool(postgres, (pool) => createRolloutStore(pool).set(percent, reason, userInfo().username));
          out.record({ percent, reason });
          out.line(`${percent} % of new correlation ids take the new path`);
        }),
    );

function share(value: string): number {
  const percent = parseShare(value);
  if (percent === null) throw new InvalidArgumentError('expected 0 to 100, on or off');
  return percent;
}

function show(out: Output, state: RolloutState, windows: Readonly<Record<'legacy' | 'new', PathWindow>>): void {
  const { percent, latched, baselineMs, revision, changes } = state;
  out.record({ percent, latched, baseline_ms: baselineMs, windows, changes });
  const set = revision === 0 ? ' (never set)' : latched ? ': ROLLED BACK, until a person sets a share' : '';
  out.line(`${percent} % of new correlation ids take the new path${set}`);
  out.line();
  out.table(
    ['last 5 minutes', 'lists', 'intents', 'errors', 'events', 'not published', 'no database', 'p95 ms'],
    Object.entries(windows).map(([path, window]) => [
      path,
      String(window.lists),
      String(window.intents),
      String(window.errors),
      String(window.publishes),
      String(window.publishFailures),
      String(window.databaseFailures),
      window.p95Ms?.toFixed(0) ?? '',
    ]),
  );
  if (changes.length === 0) return;
  out.line();
  out.table(
    ['changed at', 'percent', 'reason', 'by'],
    changes.map((change) => [change.changed_at, String(change.percent), change.reason, change.changed_by]),
  );
}
