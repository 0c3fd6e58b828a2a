/** This is the local activity that plans a slice. */
import { activityInfo } from '@temporalio/activity';
import type { PlanSliceActivity } from '../../src/domain/intake/slice.js';
import { makeSlicePlan } from '../../src/domain/intake/slice-plan.js';
import { LOCAL_STATEMENT_MS } from '../../src/domain/time-outs.js';
import type { DefinitionsByType } from '../../src/domain/intents/parse.js';
import type { Instruments } from '../execution/batch-activity.js';
import { countRejected, refusing, workflowIdOf } from '../execution/plan-intents.js';
import type { Ports } from '../ports.js';
import type { Slices } from './slices.js';

export const planSlice =
  (
    { verdicts, parkedLists, retention }: Ports,
    definitions: DefinitionsByType,
    instruments: Instruments,
    slices: Slices,
  ): PlanSliceActivity =>
  async ({ slice }) => {
    const info = activityInfo();
    const partition = await refusing(() => workflowIdOf(info));
    const open = await refusing(() => slices.find(slice, info));
    const [answered, parkedKeys, prunedBefore] = await Promise.all([
      verdicts.find(
        open.lists.map(({ event_id }) => event_id),
        LOCAL_STATEMENT_MS,
      ),
      parkedLists.keys(partition),
      retention.prunedBefore(),
    ]);
    const plan = makeSlicePlan(open, { answered: new Set(answered.keys()), parkedKeys, prunedBefore }, definitions);
    countRejected(plan.intents, definitions, instruments);
    return plan;
  };
