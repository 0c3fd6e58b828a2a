import { randomUUID } from 'node:crypto';
import type { Environment } from './environment.js';

/** Starts an execution with JSON text that no serializer of this process could have written. */
export async function startRaw({ temporal, config }: Environment, workflowId: string, json: string): Promise<void> {
  await temporal.workflowService.startWorkflowExecution({
    namespace: config.TEMPORAL_NAMESPACE,
    workflowId,
    requestId: randomUUID(),
    workflowType: { name: 'ExecuteIntentsWorkflow' },
    taskQueue: { name: config.TEMPORAL_TASK_QUEUE },
    input: { payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(json) }] },
  });
}
