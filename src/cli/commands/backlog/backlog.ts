/** This command shows what waits, on which server, and for how long. It changes nothing. */
import { Command } from 'commander';
import { contextOf } from '../../context.js';
import { durationOf } from '../../views/duration.js';
import { inKafka, inPostgres, inTemporal, type Waiting } from './sources.js';

export const backlogCommand = (): Command =>
  new Command('backlog')
    .description('show what waits: executions, messages of the intake, dead letters, parked lists')
    .action(async (_options: unknown, command: Command) => {
      const { config, out } = contextOf(command);
      const sources = [inTemporal, inKafka, inPostgres].map((source) => source(config));
      const answers = await Promise.allSettled(sources);
      const rows = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
      for (const { what, count, oldestSeconds, more } of rows) {
        out.record({ what, count, oldest_seconds: oldestSeconds, ...(more === undefined ? {} : { more }) });
      }
      if (rows.length > 0) out.table(['what waits', 'count', 'oldest', ''], rows.map(shown));
      const failures = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []));
      if (failures.length > 0) throw new AggregateError(failures);
    });

const shown = ({ what, count, oldestSeconds, more = '' }: Waiting): string[] => [
  what,
  String(count),
  oldestSeconds === null ? '' : durationOf(oldestSeconds),
  more,
];
