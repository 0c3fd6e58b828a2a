/** Questions `bridge doctor` asks the Temporal server. */
import { Connection } from '@temporalio/client';
import { searchAttributeKeys } from './search-attributes.js';

/** `temporal.api.enums.v1.TaskQueueType`. */
const TASK_QUEUE_TYPE_WORKFLOW = 1;

async function withConnection<T>(address: string, ask: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address, connectTimeout: '5 s' });
  try {
    return await ask(connection);
  } finally {
    await connection.close();
  }
}

/** Names of the search attributes `bridge setup` has yet to add. */
export const missingSearchAttributes = (address: string, namespace: string): Promise<string[]> =>
  withConnection(address, async ({ operatorService }) => {
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
    return searchAttributeKeys.map(({ name }) => name).filter((name) => customAttributes[name] === undefined);
  });

/** Pollers of a task queue's workflow tasks within the last minutes. */
export const pollerCount = (address: string, namespace: string, taskQueue: string): Promise<number> =>
  withConnection(address, async ({ workflowService }) => {
    const { pollers } = await workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: TASK_QUEUE_TYPE_WORKFLOW,
    });
    return pollers.length;
  });
