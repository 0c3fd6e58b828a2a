import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { Command } from 'commander';
import * as registry from '../../../activities/registry.js';
import type { EmittedListReport, IntentsReport } from '../../client/types.js';
import type { SliceList } from '../../domain/intake/list.js';
import type { Answer, ParkedList } from '../../domain/intake/ports.js';
import { OpenSlice } from '../../domain/intake/open-slice.js';
import { partitionOf } from '../../domain/intake/slice.js';
import { keysOf } from '../../domain/intake/slice-plan.js';
import { guid } from '../../domain/intents/fields.js';
import { createParkedLists } from '../../postgres/intake/parked-store.js';
import { createVerdictStore } from '../../postgres/intake/verdict-store.js';
import { createEndedExecutions } from '../../temporal/ended-executions.js';
import { createParkedRuns } from '../../temporal/parked-runs.js';
import { type Connected, withTemporal } from '../connect.js';
import { type Context, contextOf } from '../context.js';
import { withPool } from '../database.js';
import { EXIT, UsageError } from '../errors.js';
import { printReport } from '../views/report.js';

export const rerunCommand = (): Command =>
  new Command('rerun')
    .description('execute a list again under its ids; what has succeeded is not repeated')
    .argument('<id>', 'request id of a started list, or event id of an emitted one')
    .action(async (id: string, _options: unknown, command: Command) => {
      const context = contextOf(command);
      process.exitCode = await withTemporal(context.config, async (connected) => {
        const report = (await rerunStarted(context, connected, id)) ?? (await rerunEmitted(context, connected, id));
        context.out.record(report);
        printReport(context.out, report);
        return report.outcome === 'completed' ? EXIT.ok : EXIT.failed;
      });
    });

/** Starts the list of an execution again, with the input that is in its history. @returns null when there is none. */
async function rerunStarted({ config, out }: Context, connected: Connected, id: string): Promise<IntentsReport | null> {
  const { client, temporal } = connected;
  const described = await temporal.workflow
    .getHandle(id)
    .describe()
    .catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    });
  if (described?.type !== 'ExecuteIntentsWorkflow') return null;
  const input = await createEndedExecutions(temporal, config.TEMPORAL_TASK_QUEUE).input({
    workflow_id: id,
    run_id: described.runId,
  });
  // The client checks the request, whatever it is.
  const request = { ...(input?.value as object), request_id: id } as Parameters<typeof client.startRequest>[0];
  const { started } = await client.startRequest(request);
  if (!started) out.note(`bridge: ${id} ${described.status.name === 'RUNNING' ? 'is running' : 'has completed'}`);
  return client.result(id);
}

/**
 * Puts a list of the intake behind the parked lists of its partition, where its order is kept, and waits for its
 * verdict.
 */
async function rerunEmitted(context: Context, connected: Connected, id: string): Promise<EmittedListReport> {
  const eventId = guid.safeParse(id);
  if (!eventId.success) throw new UsageError(`${id}: no such execution`);
  const { client, endpoints, temporal } = connected;
  const found = await withPool(endpoints.postgres.url, async (pool) => {
    const verdicts = createVerdictStore(pool);
    const answer = await verdicts.unfinished(eventId.data);
    if (answer === null) return { answer, final: (await verdicts.find([eventId.data])).get(eventId.data)?.verdict };
    const list = emittedNow(answer);
    await createParkedLists(pool).park(partitionOf(answer.verdict.workflow_id), [parkedFrom(list)]);
    return { answer, final: undefined };
  });
  if (found.final !== undefined) {
    context.out.note(`bridge: ${id} ${found.final.outcome === 'completed' ? 'has completed' : 'was rejected'}`);
    return found.final as EmittedListReport;
  }
  if (found.answer === null) throw new UsageError(`${id}: neither an execution nor an answered list of the intake`);
  const { verdict } = found.answer;
  await wake(context, temporal, partitionOf(verdict.workflow_id));
  return client.awaitResult(eventId.data, { after: verdict });
}

const wake = ({ config }: Context, temporal: Client, partition: string): Promise<void> =>
  createParkedRuns(temporal, config.TEMPORAL_TASK_QUEUE).wake(partition);

/** Returns the list as if it were emitted now. A clock that is behind must not make it the run before. */
function emittedNow({ list, verdict }: Answer): SliceList {
  const before = Date.parse(verdict.rerun_at ?? list.emitted_at ?? '') || 0;
  return { ...list, emitted_at: new Date(Math.max(Date.now(), before + 1)).toISOString() };
}

const definitions = new Map(Object.values(registry).map(({ definition }) => [definition.type as string, definition]));

function parkedFrom(given: SliceList): ParkedList {
  const slice = new OpenSlice({ lists: [given] }, definitions);
  const list = slice.list(0);
  return {
    list: given,
    keys: keysOf(slice.intentsOf(list), list.correlation_id),
    list_hash: slice.hashOf(list),
  };
}
