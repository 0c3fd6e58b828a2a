/** This is the local activity that plans a slice. */
import { activityInfo } from '@temporalio/activity';
import type { PlanSliceActivity } from '../../src/domain/intake/slice.js';
import { keysIn, makeSlicePlan, readLists } from '../../src/domain/intake/slice-plan.js';
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
    const eventIds = open.lists.map(({ event_id }) => event_id);
    const [answered, parked, prunedBefore] = await Promise.all([
      verdicts.answered(eventIds),
      parkedLists.hashes(eventIds),
      retention.prunedBefore(),
    ]);
    const lists = readLists(open, { answered, parked, prunedBefore }, definitions);
    const plan = makeSlicePlan(open, lists, await parkedLists.findKeys(partition, keysIn(lists)));
    countRejected(plan.intents, definitions, instruments);
    return plan;
  };
