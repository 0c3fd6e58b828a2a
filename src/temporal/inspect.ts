/** This module asks the Temporal server the questions of `bridge doctor` and `bridge setup`. */
import type { Connection } from '@temporalio/client';
import { connect } from './connect.js';
import { searchAttributeKeys } from '../domain/execution/search-attributes.js';

/** Runs `ask` on a connection of its own. */
export async function withConnection<T>(address: string, ask: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await connect(address);
  try {
    return await ask(connection);
  } finally {
    await connection.close();
  }
}

/** Returns the names of the search attributes that `bridge setup` has yet to add. */
export async function missingSearchAttributes(
  { operatorService }: Pick<Connection, 'operatorService'>,
  namespace: string,
): Promise<string[]> {
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  return searchAttributeKeys.map(({ name }) => name).filter((name) => customAttributes[name] === undefined);
}

/** Returns the seconds for which the server keeps the executions of a namespace after their end. */
export async function namespaceRetentionSeconds(
  { workflowService }: Pick<Connection, 'workflowService'>,
  namespace: string,
): Promise<number> {
  const { config } = await workflowService.describeNamespace({ namespace });
  return Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0);
}

/** Counts the pollers of a task queue's workflow tasks within the last minutes. */
export async function pollerCount(
  { workflowService }: Pick<Connection, 'workflowService'>,
  namespace: string,
  taskQueue: string,
): Promise<number> {
  const { pollers } = await workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue } });
  return pollers.length;
}
