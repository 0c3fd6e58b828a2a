import { Command, Option } from 'commander';
import { failedIntents, intentOutcome, intentTypes, requestIds } from '../../domain/execution/search-attributes.js';
import { counted } from '../../domain/intents/definition.js';
import { EXECUTE_LISTS } from '../../domain/sharing/shared-list.js';
import { wholeNumber } from '../arguments.js';
import { quoted } from '../../temporal/visibility.js';
import { withTemporal } from '../connect.js';
import { contextOf } from '../context.js';
import type { Text } from '../views/output.js';
import { styledStatus } from '../views/report.js';

interface Options {
  readonly limit: number;
  readonly outcome?: keyof typeof FILTERS;
  readonly requestId?: string;
}

const ended = (outcome: string): string => `${intentOutcome.name} = '${outcome}'`;

const FILTERS = {
  running: "ExecutionStatus = 'Running'",
  completed: ended('completed'),
  partial: ended('partial'),
  failed: ended('failed'),
  cancelled: ended('cancelled'),
} as const;

export const listCommand = (): Command =>
  new Command('list')
    .description('list executions, newest first')
    .option('-n, --limit <n>', 'how many at most', wholeNumber(), 20)
    .addOption(new Option('--outcome <outcome>', 'only those with this outcome').choices(Object.keys(FILTERS)))
    .option('--request-id <id>', 'only those that have the list of this request id')
    .action(async ({ limit, outcome, requestId }: Options, command: Command) => {
      const { config, out } = contextOf(command);
      const rows: Text[][] = [];
      await withTemporal(config, async ({ temporal }) => {
        const filter = outcome === undefined ? '' : ` AND ${FILTERS[outcome]}`;
        const ofList =
          requestId === undefined
            ? ''
            : ` AND (WorkflowId = ${quoted(requestId)} OR ${requestIds.name} = ${quoted(requestId)})`;
        const query =
          `WorkflowType IN ('ExecuteIntentsWorkflow', '${EXECUTE_LISTS}') AND ` +
          `TaskQueue = ${quoted(config.TEMPORAL_TASK_QUEUE)}${filter}${ofList}`;
        for await (const execution of temporal.workflow.list({ query, pageSize: Math.min(limit, 100) })) {
          const { typedSearchAttributes: attributes, workflowId, startTime, closeTime, status } = execution;
          const outcomeSaid = attributes.get(intentOutcome);
          // An execution that was terminated in the middle could not say so.
          const stale = outcomeSaid === 'running' && status.name !== 'RUNNING';
          const shown = outcomeSaid === undefined || stale ? status.name.toLowerCase() : outcomeSaid;
          const failed = attributes.get(failedIntents) ?? 0;
          const types = attributes.get(intentTypes) ?? [];
          const lists = attributes.get(requestIds);
          const took = closeTime === undefined ? null : closeTime.getTime() - startTime.getTime();
          out.record({
            workflow_id: workflowId,
            outcome: shown,
            failed_intents: failed,
            intent_types: types,
            ...(lists === undefined ? {} : { request_ids: lists }),
            start_time: startTime.toISOString(),
            duration_ms: took,
          });
          const duration = took === null ? '' : `${took} ms`;
          rows.push([
            workflowId,
            styledStatus(out, shown),
            String(failed),
            lists === undefined ? types.join(', ') : counted(lists.length, 'list'),
            startTime.toISOString(),
            duration,
          ]);
          if (rows.length >= limit) break;
        }
      });
      if (rows.length === 0) out.line('no executions');
      else out.table(['execution', 'outcome', 'failed', 'intent types', 'started', 'took'], rows);
    });
