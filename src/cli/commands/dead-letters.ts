import { randomUUID } from 'node:crypto';
import { Command } from 'commander';
import type { Config } from '../../config.js';
import type { DeadLetter, DeadLetterFilter } from '../../domain/dead-letters/port.js';
import type { RedriveReport, RedriveRequest } from '../../domain/dead-letters/redrive.js';
import { createDeadLetterStore } from '../../postgres/dead-letters/dead-letter-store.js';
import { since, wholeNumber } from '../arguments.js';
import { withTemporal } from '../connect.js';
import { contextOf, endpointsOf } from '../context.js';
import { withPool } from '../database.js';
import { EXIT } from '../errors.js';
import type { Output } from '../views/output.js';
import { whileWaiting } from '../waiting.js';

interface Options extends Omit<DeadLetterFilter, 'maxRedrives'> {
  readonly limit: number;
  readonly dryRun?: boolean;
}

export const deadLettersCommand = (): Command =>
  new Command('dead-letters')
    .description('events no broker took: see them, send them again')
    .addCommand(
      filtered(new Command('list'))
        .description('list open letters, oldest first')
        .option('-n, --limit <n>', 'how many at most', wholeNumber(), 100)
        .action(async ({ limit, ...filter }: Options, command: Command) => {
          const { config, out } = contextOf(command);
          show(out, await read(config, filter, limit));
        }),
    )
    .addCommand(
      filtered(new Command('redrive'))
        .description('send open letters again, in order; one that an older letter of its key holds back waits')
        .option('--dry-run', 'only show what would be sent')
        .action(async ({ dryRun, ...filter }: Options, command: Command) => {
          const { config, out } = contextOf(command);
          if (dryRun === true) show(out, await read(config, filter, MOST));
          else finish(out, await redrive(config, out, filter));
        }),
    );

/** The most letters that a dry run shows. */
const MOST = 10_000;

const filtered = (command: Command): Command =>
  command
    .option('--topic <topic>', 'only letters of this topic')
    .option('--since <time>', 'only letters from this time on, or of the last 30m, 12h or 7d', since)
    .option('--id <id...>', 'only these letters', (id: string, ids: number[] | undefined) => [
      ...(ids ?? []),
      wholeNumber()(id),
    ]);

type Given = Omit<DeadLetterFilter, 'maxRedrives'> & { readonly id?: readonly number[] };

const filterOf = ({ topic, since, id }: Given): RedriveRequest => ({
  ...(topic === undefined ? {} : { topic }),
  ...(since === undefined ? {} : { since }),
  ...(id === undefined ? {} : { ids: id }),
});

async function read(config: Config, given: Given, limit: number): Promise<DeadLetter[]> {
  const { postgres } = await endpointsOf(config, 'postgres');
  return withPool(postgres, (pool) => createDeadLetterStore(pool).list(filterOf(given), 0, limit));
}

const redrive = (config: Config, out: Output, given: Given): Promise<RedriveReport> =>
  withTemporal(config, async ({ temporal }) => {
    const handle = await temporal.workflow.start<(request: RedriveRequest) => Promise<RedriveReport>>(
      'RedriveDeadLettersWorkflow',
      {
        args: [filterOf(given)],
        taskQueue: config.TEMPORAL_TASK_QUEUE,
        workflowId: `redrive-dead-letters-${randomUUID()}`,
        staticSummary: 'redrive, asked for on the command line',
      },
    );
    const waited = { ids: () => [handle.workflowId], noun: 'redrive', show: () => 'bridge dead-letters list' };
    return whileWaiting(out, temporal, waited, () => handle.result());
  });

function show(out: Output, letters: readonly DeadLetter[]): void {
  for (const { message, ...letter } of letters) out.record({ ...letter, topic: message.topic, key: message.key });
  if (letters.length === 0) {
    out.line('no open dead letters');
    return;
  }
  out.table(
    ['id', 'topic', 'key', 'attempts', 'redrives', 'since', 'reason'],
    letters.map(({ id, message, retry_attempts, redrive_count, created_at, failure_reason }) => [
      String(id),
      message.topic,
      message.key,
      String(retry_attempts),
      String(redrive_count),
      created_at,
      failure_reason,
    ]),
  );
}

function finish(out: Output, report: RedriveReport): void {
  out.record(report);
  out.line(`${report.redriven} sent, ${report.failed} refused again, ${report.behind} behind an open letter`);
  if (report.stopped !== null) out.line(`stopped: ${report.stopped}`);
  if (report.failed > 0 || report.behind > 0 || report.stopped !== null) process.exitCode = EXIT.failed;
}
