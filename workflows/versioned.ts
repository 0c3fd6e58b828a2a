/**
 * These are the workflows of a worker with versioning (ADR 0044). What is pinned ends on the version that it started
 * on, as the worker's default says. What may run for hours moves on to the version that is current.
 *
 * They are a bundle of their own: the server refuses a behavior from a worker without versioning, and its executions
 * would stand still.
 */
import { setWorkflowOptions } from '@temporalio/workflow';
import { ExecuteParkedListsWorkflow } from './intake/execute-parked-lists.js';
import { PruneFsmStatesWorkflow } from './maintenance/prune-fsm-states.js';
import { PruneLedgerWorkflow } from './maintenance/prune-ledger.js';
import { RecoverFsmStatesWorkflow } from './maintenance/recover-fsm-states.js';
import { RedriveDeadLettersWorkflow } from './maintenance/redrive-dead-letters.js';
import { SweepExecutionsWorkflow } from './maintenance/sweep-executions.js';

export * from './index.js';

const moving = { versioningBehavior: 'AUTO_UPGRADE' } as const;

setWorkflowOptions(moving, ExecuteParkedListsWorkflow);
setWorkflowOptions(moving, PruneFsmStatesWorkflow);
setWorkflowOptions(moving, PruneLedgerWorkflow);
setWorkflowOptions(moving, RecoverFsmStatesWorkflow);
setWorkflowOptions(moving, RedriveDeadLettersWorkflow);
setWorkflowOptions(moving, SweepExecutionsWorkflow);
