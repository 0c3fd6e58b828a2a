/** This view shows the versions of a deployment, and says what may be ended. */
import type { DeploymentReport } from '../../../temporal/versioning/deployments.js';
import { counted } from '../../../domain/intents/definition.js';
import type { Output } from '../../views/output.js';

export function showDeployment(out: Output, { current, versions }: DeploymentReport, name: string): void {
  if (versions.length === 0) {
    out.line(`no worker of the deployment ${name} has polled yet`);
    return;
  }
  out.table(
    ['version', 'status', 'new lists', 'open', 'last poll', 'since'],
    versions.map(({ build_id, status, percent, open, last_poll, created_at }) => [
      build_id,
      status,
      `${percent} %`,
      String(open),
      last_poll ?? '',
      created_at,
    ]),
  );
  out.line();
  if (current === null) out.line('no version is current: workers without a version get the new lists');
  for (const { build_id, status, open, may_end } of versions) {
    if (may_end) out.line(`${build_id} is drained: its workers may be ended`);
    else if (status === 'draining')
      out.line(`${build_id} drains: keep its workers (${counted(open, 'execution')} open)`);
  }
}
