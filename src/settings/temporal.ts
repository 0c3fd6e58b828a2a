/** This module holds the settings of Temporal. */
import { z } from 'zod';
import { pageUrl, temporalAddress } from './addresses.js';
import { LOCAL_STACK, setting } from './setting.js';

export const temporal = {
  TEMPORAL_ADDRESS: setting(temporalAddress.optional(), {
    readBy: ['worker', 'intake', 'CLI', 'client', 'stack'],
    type: '`host:port`; port 7233 without one',
    unset: `${LOCAL_STACK}; \`localhost:7233\` for the client`,
    about: 'It is the address of the Temporal frontend. A server named here is used, never started and never stopped.',
    change: "Set it wherever Temporal is not the local stack's.",
  }),
  TEMPORAL_NAMESPACE: setting(z.string().default('default'), {
    readBy: ['worker', 'intake', 'CLI', 'client', 'stack'],
    about:
      'It is the Temporal namespace of the executions and schedules. `bridge setup` creates a missing one, which keeps executions for 7 days.',
    change: 'Give each installation on a shared server its own.',
  }),
  TEMPORAL_TASK_QUEUE: setting(z.string().default('bridge-store-effect'), {
    readBy: ['worker', 'intake', 'CLI', 'client'],
    about:
      "It is the task queue that workers poll and clients start executions on. Its name is part of every schedule's id.",
    change: 'Give each installation in a shared namespace its own, and its clients the same.',
  }),
  TEMPORAL_UI_URL: setting(pageUrl.optional(), {
    readBy: ['CLI', 'stack'],
    type: 'URL',
    unset: `${LOCAL_STACK}; none for a server that \`TEMPORAL_ADDRESS\` names`,
    about: 'It is the address of the Temporal Web UI. Commands print links to executions with it.',
    change: 'Set it together with `TEMPORAL_ADDRESS`, or commands print no links.',
  }),
};
