/** This script (`npm run record-histories`) records the golden histories anew, on the running stack. */
import { mkdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { WorkflowHandle } from '@temporalio/client';
import { setup } from '../../src/cli/commands/setup.js';
import type { Intent } from '../../src/client/index.js';
import { mochaGlobalSetup, mochaGlobalTeardown } from '../support/fixture.js';
import { createEnvironment } from '../support/environment.js';
import { persistFsmTransition, persistState, publishEvent, recoverFsmStates } from '../support/intents.js';
import { EXECUTIONS } from './executions.js';

const directory = new URL('histories/', import.meta.url);
const bad = { ...persistState(), target: 'nowhere' };
const LISTS: Record<string, Intent[]> = {
  empty: [],
  completed: [recoverFsmStates(), persistState(), persistFsmTransition(), publishEvent()],
  partial: [bad, persistState(), publishEvent()],
  'fail-fast': [persistState(), recoverFsmStates({ cursor: 'no cursor' })],
  stopped: [persistState(), { ...bad, priority: 5 }],
  // A recovery is an activity by itself: six of one priority are four lanes, two of them with two chunks.
  lanes: Array.from({ length: 6 }, () => recoverFsmStates({ limit: 1 })),
};

await mochaGlobalSetup();
const pruned = 'the recorded prunes delete rows that reports and events tell of';
const environment = await createEnvironment({
  env: { LEDGER_RETENTION_DAYS: '30', FSM_RETENTION_DAYS: '30' },
  except: { rows: pruned, reports: pruned, announced: pruned },
});
await mkdir(directory, { recursive: true });
for (const [name, intents] of Object.entries(LISTS)) {
  const { workflow_id: workflowId } = await environment.client.executeIntents(intents);
  await record(name, environment.temporal.workflow.getHandle(workflowId));
}
for (const [name, run] of Object.entries(EXECUTIONS)) await record(name, await run(environment));
// Setup without a retention removes the schedules that the retention brought.
await setup({ ...environment.config, LEDGER_RETENTION_DAYS: 0, FSM_RETENTION_DAYS: 0 }, environment.endpoints);
await environment.close();
await mochaGlobalTeardown();

async function record(name: string, handle: WorkflowHandle): Promise<void> {
  const history = historyToJSON(await handle.fetchHistory());
  await writeFile(new URL(`${name}.json`, directory), `${withoutTheMachine(history)}\n`);
}

/**
 * Removes what tells of the machine: stack traces, the identities of clients and the names of sticky queues. Replay
 * does not read them.
 */
function withoutTheMachine(json: string): string {
  const drop = (key: string, value: unknown): unknown => (key === 'stackTrace' ? '' : value);
  return JSON.stringify(JSON.parse(json, drop), null, 2).replaceAll(`${process.pid}@${hostname()}`, 'recorder');
}
