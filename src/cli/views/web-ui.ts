import type { Endpoints } from '../../endpoints.js';
/** Returns the address of an execution in the Web UI; null when nobody has said where the Web UI is. */
export const executionUrl = ({ temporal }: Endpoints, workflowId: string): string | null =>
  temporal.ui === null
    ? null
    : `${temporal.ui}/namespaces/${encodeURIComponent(temporal.namespace)}/workflows/${encodeURIComponent(workflowId)}`;
