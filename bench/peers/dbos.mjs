/**
 * DBOS keeps the progress of a workflow in PostgreSQL, from within the process that runs it. A workflow is called like
 * a function. Steps may run twice, so the stores have a ledger, as its documentation asks for.
 */
import { DBOS } from '@dbos-inc/dbos-sdk';
import { CONNECTIONS, openPlainStores } from '../support/plain-stores.ts';

/** Two steps a list: its rows, and its messages. */
export const open = (env) =>
  launch(env, 'batched', (stores) => async (intents) => {
    const rows = intents.filter(isRow);
    await DBOS.runStep(() => stores.persist(rows), { name: 'persist' });
    await DBOS.runStep(() => stores.publish(intents), { name: 'publish' });
  });

/** A step an intent: rows side by side, then events side by side. */
export const openStepwise = (env) =>
  launch(env, 'stepwise', (stores) => async (intents) => {
    const row = async (intent) => {
      await stores.persist([intent]);
      await stores.publish([intent]);
    };
    const inSteps = (some, step, name) =>
      Promise.allSettled(some.map((intent) => DBOS.runStep(() => step(intent), { name }))).then(assertAll);
    await inSteps(intents.filter(isRow), row, 'row');
    await inSteps(
      intents.filter((intent) => !isRow(intent)),
      (intent) => stores.publish([intent]),
      'event',
    );
  });

const isRow = ({ intent_type }) => intent_type !== 'PublishEvent';

/** Steps are awaited by `allSettled`, as the documentation has it: one that fails leaves none unobserved. */
function assertAll(outcomes) {
  const failed = outcomes.find(({ status }) => status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

async function launch(env, name, workflowOf) {
  const stores = await openPlainStores(env);
  const workflow = DBOS.registerWorkflow(workflowOf(stores), { name });
  const systemDatabase = new URL(env.DATABASE_URL);
  systemDatabase.pathname += `_dbos_${name}`;
  DBOS.setConfig({
    name: `bench-${name}`,
    systemDatabaseUrl: systemDatabase.href,
    systemDatabasePoolSize: CONNECTIONS,
    logLevel: 'error',
  });
  await DBOS.launch();
  return {
    run: (workflowID, intents) => DBOS.withNextWorkflowID(workflowID, () => workflow(intents)),
    async close() {
      await DBOS.shutdown();
      await stores.close();
    },
  };
}
