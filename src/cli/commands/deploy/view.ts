/** This view shows the versions of a deployment, and says what may be ended. */
import type { DeploymentReport } from '../../../temporal/versioning/deployments.js';
import { strandedLists } from '../../../temporal/versioning/stranded.js';
import { counted } from '../../../domain/intents/definition.js';
import type { Output } from '../../views/output.js';

const gets = (deployment: string): string => `the deployment ${deployment} gets the new lists`;

export function showDeployment(out: Output, report: DeploymentReport, name: string): void {
  const { current, other_deployment, versions } = report;
  if (versions.length === 0) {
    out.line(`no worker of the deployment ${name} has polled yet`);
    if (other_deployment !== null) out.line(gets(other_deployment));
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
  if (other_deployment !== null) out.line(gets(other_deployment));
  else if (current === null) out.line('no version is current: workers without a version get the new lists');
  for (const sentence of strandedLists(report)) out.line(sentence);
  for (const { build_id, status, open, may_end } of versions) {
    if (may_end) out.line(`${build_id} is drained: its workers may be ended`);
    else if (status === 'draining')
      out.line(`${build_id} drains: keep its workers (${counted(open, 'execution')} open)`);
  }
}
