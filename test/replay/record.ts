/** `npm run record-histories`: records the golden histories anew, on the running stack. */
import { mkdir, writeFile } from 'node:fs/promises';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Intent } from '../../src/client/index.js';
import { mochaGlobalSetup, mochaGlobalTeardown } from '../support/fixture.js';
import { createEnvironment } from '../support/environment.js';
import { persistFsmTransition, persistState, publishEvent, recoverFsmStates } from '../support/intents.js';

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
const environment = await createEnvironment();
await mkdir(directory, { recursive: true });
for (const [name, intents] of Object.entries(LISTS)) {
  const { workflow_id: workflowId } = await environment.client.executeIntents(intents);
  const history = await environment.temporal.workflow.getHandle(workflowId).fetchHistory();
  await writeFile(new URL(`${name}.json`, directory), `${withoutStackTraces(historyToJSON(history))}\n`);
}
await environment.close();
await mochaGlobalTeardown();

/** Stack traces name the machine they were recorded on, and replay does not read them. */
function withoutStackTraces(json: string): string {
  const drop = (key: string, value: unknown): unknown => (key === 'stackTrace' ? '' : value);
  return JSON.stringify(JSON.parse(json, drop), null, 2);
}
