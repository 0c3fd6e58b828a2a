import { Command } from 'commander';
import { builtinEffects, definitionsOf } from '../../../activities/index.js';
import type { EmittedListReport, IntentsReport } from '../../client/types.js';
import type { Verdict } from '../../domain/intake/list.js';
import type { Answer } from '../../domain/intake/ports.js';
import { OpenSlice } from '../../domain/intake/open-slice.js';
import { parkedRunOf, partitionOf } from '../../domain/intake/slice.js';
import { parkedFrom } from '../../domain/intake/slice-plan.js';
import { guid } from '../../domain/intents/fields.js';
import type { Pool } from '../../postgres/core/pool.js';
import { findEmitted } from '../../postgres/intake/emitted-lists.js';
import { createParkedLists } from '../../postgres/intake/parked-store.js';
import { createVerdictStore } from '../../postgres/intake/verdict-store.js';
import { createEndedExecutions } from '../../temporal/ended-executions.js';
import { describedOrNull } from '../../temporal/inspect.js';
import { createParkedRuns } from '../../temporal/parked-runs.js';
import { type Connected, withTemporal } from '../connect.js';
import { type Context, contextOf } from '../context.js';
import { withPool } from '../database.js';
import { EXIT, UsageError } from '../errors.js';
import { printReport } from '../views/report.js';
import { whileWaiting } from '../waiting.js';

export const rerunCommand = (): Command =>
  new Command('rerun')
    .description('execute a list again under its ids; what has succeeded is not repeated')
    .argument('<id>', 'request id of a started list, or event id of an emitted one')
    .action(async (id: string, _options: unknown, command: Command) => {
      const context = contextOf(command);
      process.exitCode = await withTemporal(context.config, async (connected) => {
        const report =
          (await rerunStarted(context, connected, id)) ??
          (await rerunShared(context, connected, id)) ??
          (await rerunEmitted(context, connected, id));
        context.out.record(report);
        printReport(context.out, report);
        return report.outcome === 'completed' ? EXIT.ok : EXIT.failed;
      });
    });

/** Starts the list of an execution again, with the input that is in its history. @returns null when there is none. */
async function rerunStarted({ config, out }: Context, connected: Connected, id: string): Promise<IntentsReport | null> {
  const { client, temporal } = connected;
  const described = await describedOrNull(temporal, id);
  if (described?.type !== 'ExecuteIntentsWorkflow') return null;
  const input = await createEndedExecutions(temporal, config.TEMPORAL_TASK_QUEUE).input({
    workflow_id: id,
    run_id: described.runId,
  });
  // The client checks the request, whatever it is.
  const request = { ...(input?.value as object), request_id: id } as Parameters<typeof client.startRequest>[0];
  const { started } = await client.startRequest(request);
  if (!started) out.note(`bridge: ${id} ${described.status.name === 'RUNNING' ? 'is running' : 'has completed'}`);
  return whileWaiting(out, temporal, { ids: () => [id] }, () => client.result(id));
}

/**
 * Starts a list again that has shared an execution, with what is stored beside its verdict. @returns null when there is
 * no such list.
 */
async function rerunShared({ out }: Context, connected: Connected, id: string): Promise<IntentsReport | null> {
  const { client, endpoints, temporal } = connected;
  const known = await withPool(endpoints.postgres, async (pool) => {
    const verdicts = (await findEmitted(pool, id)).flatMap((one) => ('verdict' in one ? one.verdict : []));
    const verdict = verdicts.find(({ shared }) => shared === true);
    if (verdict === undefined) return null;
    return { verdict, list: (await createVerdictStore(pool).unfinished(verdict.event_id))?.list ?? null };
  });
  if (known === null) return null;
  const { verdict, list } = known;
  if (list === null) {
    out.note(`bridge: ${id} has completed`);
    return verdict as IntentsReport;
  }
  const { intents, options, correlation_id } = list;
  const request = { intents: [...intents], request_id: verdict.request_id, correlation_id, options };
  const { workflowId } = await client.startRequest(request);
  return whileWaiting(out, temporal, { ids: () => [workflowId] }, () => client.result(workflowId));
}

/** Executes an answered list of the intake again, and waits for its verdict. */
async function rerunEmitted({ config, out }: Context, connected: Connected, id: string): Promise<EmittedListReport> {
  const parsed = guid.safeParse(id);
  if (!parsed.success) throw new UsageError(`${id}: no such execution`);
  const eventId = parsed.data;
  const { client, endpoints, temporal } = connected;
  const known = await withPool(endpoints.postgres, (pool) => parkAgain(pool, eventId));
  if (known === null) throw new UsageError(`${id}: neither an execution nor an answered list of the intake`);
  const { verdict, parked } = known;
  if (!parked) {
    out.note(`bridge: ${id} ${verdict.outcome === 'completed' ? 'has completed' : 'was rejected'}`);
    return verdict as EmittedListReport;
  }
  const partition = partitionOf(verdict.workflow_id);
  await createParkedRuns(temporal, config.TEMPORAL_TASK_QUEUE).wake(partition);
  const waited = { ids: () => [parkedRunOf(partition)], show: () => `bridge rerun ${eventId}` };
  return whileWaiting(out, temporal, waited, () => client.awaitResult(eventId, { after: verdict }));
}

/**
 * Puts an unfinished list behind the parked lists of its partition, where its order is kept.
 * @returns its latest verdict, and whether it is parked; null when the list has no verdict.
 */
async function parkAgain(pool: Pool, eventId: string): Promise<{ verdict: Verdict; parked: boolean } | null> {
  const verdicts = createVerdictStore(pool);
  const answer = await verdicts.unfinished(eventId);
  if (answer === null) {
    const final = (await verdicts.find([eventId])).get(eventId);
    return final === undefined ? null : { verdict: final.verdict, parked: false };
  }
  const slice = new OpenSlice({ lists: [emittedNow(answer)] }, definitionsOf(builtinEffects));
  await createParkedLists(pool).park(partitionOf(answer.verdict.workflow_id), [parkedFrom(slice, slice.list(0))]);
  return { verdict: answer.verdict, parked: true };
}

/** Returns the list as if it were emitted now. A clock that is behind must not make it the run before. */
function emittedNow({ list, verdict }: Answer): Answer['list'] {
  const before = Date.parse(verdict.rerun_at ?? list.emitted_at ?? '') || 0;
  return { ...list, emitted_at: new Date(Math.max(Date.now(), before + 1)).toISOString() };
}
