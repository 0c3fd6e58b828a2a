/** `bridge demo` shows everything at once, on real servers, to someone who sees this for the first time. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Command } from 'commander';
import type { IntentsReport } from '../../client/types.js';
import { counted } from '../../domain/intents/definition.js';
import { topicOf, type EventType, PUBLISHABLE_EVENT_TYPES } from '../../domain/events/event-types.js';
import type { RequestInput } from '../../domain/execution/request.js';
import { createKafka } from '../../kafka/client.js';
import { readTopics } from '../../kafka/read.js';
import { kafkaSettings } from '../../kafka/settings.js';
import { createLogger } from '../../log.js';
import { packagePath } from '../../paths.js';
import { withConnection } from '../../postgres/core/pool.js';
import { stackDown, stackStatus } from '../../stack/index.js';
import { startWorker } from '../../worker/run.js';
import { withTemporal } from '../connect.js';
import { type Context, contextOf, stackOptions } from '../context.js';
import { withPool } from '../database.js';
import { EXIT, UsageError } from '../errors.js';
import { readRequests } from '../input.js';
import { printReport } from '../views/report.js';
import { setup } from './setup.js';
import { up } from './stack.js';
import { executionUrl } from '../views/web-ui.js';
import type { Endpoints } from '../../endpoints.js';

const EXAMPLE = packagePath('examples/first-list.json');

export const demoCommand = (): Command =>
  new Command('demo')
    .description('start the stack, execute a list, show what it left behind, stop again')
    .argument('[file]', 'lists to execute, as for "execute"', EXAMPLE)
    .option('--keep', 'leave the servers running, and the Web UI with them')
    .action(async (file: string, { keep = false }: { keep?: boolean }, command: Command) => {
      process.exitCode = await demo(contextOf(command), file, keep);
    });

async function demo(context: Context, file: string, keep: boolean): Promise<number> {
  const { config, out } = context;
  const requests = await requestsOf(file);
  const before = await stackStatus(stackOptions(config));
  const startedHere = Object.values(before.services).some(({ state }) => state === 'stopped');
  const stops = startedHere && !keep;
  try {
    heading(context, 'Servers');
    const endpoints = await up(context);
    const prepared = await setup(config, endpoints);
    out.note(
      `       setup: ${counted(prepared.migrations.length, 'migration')}, ${counted(prepared.topics.length, 'topic')}`,
    );
    // This line comes first: a link to the Web UI that is dead by the time it is read helps nobody.
    if (stops && !waitsForKey(context)) {
      out.line();
      out.line('The servers, and the Web UI, stop at the end; --keep leaves them.');
    }
    const code = await show(context, endpoints, requests);
    out.line();
    out.line('Next: docs/tutorial/01-first-list.md executes a list of your own.');
    if (stops && waitsForKey(context)) await keyPressed(context);
    return code;
  } finally {
    if (stops) {
      await stackDown(stackOptions(config));
      out.line();
      out.line('The servers are stopped.');
    }
  }
}

/** Returns whether to wait for a key, which only a person at a terminal presses. */
const waitsForKey = ({ out }: Context): boolean => !out.json && process.stdin.isTTY && process.stdout.isTTY;

async function keyPressed({ out }: Context): Promise<void> {
  out.line('The servers and the Web UI stay until you press a key.');
  process.stdin.setRawMode(true).resume();
  await once(process.stdin, 'data');
  process.stdin.setRawMode(false).pause();
}

/** Reads every list of the file; an invalid one is reported before anything is started. */
async function requestsOf(file: string): Promise<RequestInput[]> {
  const requests: RequestInput[] = [];
  for await (const item of readRequests(file)) {
    if (!item.ok) throw new UsageError(`line ${item.line}: ${item.error}`);
    requests.push(item.request);
  }
  return requests;
}

async function show(context: Context, endpoints: Endpoints, requests: readonly RequestInput[]): Promise<number> {
  const { config, out } = context;
  const worker = await startWorker({
    config: { ...config, PORT: 0 },
    endpoints,
    logger: createLogger('warn'),
  });
  try {
    const reports = await execute(context, requests);
    for (const report of reports) {
      heading(context, 'Report');
      out.record(report);
      printReport(out, report);
      const url = executionUrl(endpoints, report.workflow_id);
      if (url === null) continue;
      out.line();
      out.line(['Web UI  ', out.style('cyan', url)]);
    }
    await showRows(context, endpoints, reports);
    await showMessages(context, endpoints, reports);
    return reports.every(({ outcome }) => outcome === 'completed') ? EXIT.ok : EXIT.failed;
  } finally {
    await worker.shutdown();
  }
}

function heading({ out }: Context, text: string): void {
  out.line();
  out.line(out.style('bold', text));
}

const execute = (context: Context, requests: readonly RequestInput[]): Promise<IntentsReport[]> =>
  withTemporal(context.config, async ({ client }) => {
    const reports: IntentsReport[] = [];
    for (const request of requests) {
      const request_id = request.request_id ?? `demo-${randomUUID().slice(0, 8)}`;
      const { workflowId } = await client.startRequest({ ...request, request_id });
      reports.push(await client.result(workflowId));
    }
    return reports;
  });

async function showRows(context: Context, endpoints: Endpoints, reports: readonly IntentsReport[]): Promise<void> {
  const results = reports.flatMap((report) => report.results);
  const bridges = results.flatMap((r) => (r.intent_type === 'PersistState' ? [r.aggregation_id] : []));
  const workflows = results.flatMap((r) => (r.intent_type === 'PersistFSMTransition' ? [r.workflow_id] : []));
  await withPool(endpoints.postgres, async (pool) => {
    const states = await withConnection(pool, (connection) =>
      connection.query<string[]>({
        text: `SELECT bridge_id::text, namespace, total_workflows_processed::text, total_items_aggregated::text, current_fsm_state
        FROM bridge_states WHERE bridge_id = ANY ($1) ORDER BY bridge_id, namespace LIMIT 20`,
        values: [bridges],
        rowMode: 'array',
      }),
    );
    heading(context, 'Rows of bridge_states');
    context.out.table(['bridge', 'namespace', 'workflows', 'items', 'state'], states.rows);
    const current = await withConnection(pool, (connection) =>
      connection.query<string[]>({
        text: `SELECT workflow_id::text, current_state, coalesce(previous_state, ''), transition_count::text
        FROM fsm_states WHERE workflow_id = ANY ($1) ORDER BY sequence DESC LIMIT 20`,
        values: [workflows],
        rowMode: 'array',
      }),
    );
    heading(context, 'Rows of fsm_states');
    context.out.table(['workflow', 'state', 'before', 'transitions'], current.rows);
  });
}

async function showMessages(context: Context, endpoints: Endpoints, reports: readonly IntentsReport[]): Promise<void> {
  const { config, out } = context;
  const kafka = createKafka(kafkaSettings(config, endpoints.kafka), createLogger('silent'));
  const ids = new Set(reports.flatMap(({ results }) => results.map(({ intent_id }) => intent_id)));
  const topics = PUBLISHABLE_EVENT_TYPES.map((type: EventType) => topicOf(config.KAFKA_TOPIC_PREFIX, type));
  const messages = await readTopics(kafka, topics, ({ value }) => ids.has(intentIdOf(value)));
  heading(context, 'Messages on Kafka');
  out.table(
    ['topic', 'key', 'event id'],
    messages
      .slice(0, 20)
      .map(({ topic, key, value }) => [topic, key, (JSON.parse(value) as { event_id: string }).event_id]),
  );
  if (messages.length > 20) out.line(`… and ${messages.length - 20} more`);
}

/** Returns the intent id that an envelope names; empty for a message that is no envelope of ours. */
function intentIdOf(value: string): string {
  try {
    return (JSON.parse(value) as { metadata?: { intent_id?: string } }).metadata?.intent_id ?? '';
  } catch {
    return '';
  }
}
