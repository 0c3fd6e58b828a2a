import { Connection } from '@temporalio/client';

/** @throws unless a Temporal server answers within `timeoutMs` and, when one is asked for, has the namespace. */
export async function probeTemporal(address: string, timeoutMs: number, namespace?: string): Promise<void> {
  const connection = Connection.lazy({ address });
  try {
    await connection.withDeadline(Date.now() + timeoutMs, async () => {
      await connection.workflowService.getSystemInfo({});
      if (namespace !== undefined) await connection.workflowService.describeNamespace({ namespace });
    });
  } finally {
    await connection.close();
  }
}
