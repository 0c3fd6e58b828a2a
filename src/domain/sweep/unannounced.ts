/**
 * This module finds what an ended execution still has to announce, because the execution cannot speak for itself any
 * more. It goes by what the ledger says of the intents.
 */
import { AnnouncementQueue } from '../execution/announcement-queue.js';
import type { Announcement } from '../execution/batch.js';
import type { DefinitionsByType } from '../intents/parse.js';
import type { Plan } from '../execution/plan.js';
import type { LedgerRecord } from '../ledger/port.js';

/**
 * @param records the ledger's records, by intent id.
 * @param executionId the execution whose effects are announced; another execution announces its own.
 * @returns the announcements in input order, the same each time.
 */
export function unannouncedOf(
  plan: Pick<Plan, 'intents' | 'options' | 'self_announced'>,
  records: ReadonlyMap<string, LedgerRecord>,
  executionId: string,
  definitions: DefinitionsByType,
): Announcement[] {
  const queue = new AnnouncementQueue(plan);
  for (const { id } of plan.intents) {
    const record = records.get(id);
    if (record?.execution_id === executionId) queue.add(announcementOf(record, definitions));
  }
  // An event that the ledger has is on its topic, or a dead letter on its way there, whoever published it.
  const recorded = new Set(plan.intents.flatMap(({ id }, index) => (records.has(id) ? [index] : [])));
  queue.releaseWithheld((index) => recorded.has(index));
  return queue.takeAll();
}

function announcementOf(record: LedgerRecord, definitions: DefinitionsByType): Announcement[] {
  const { intent_id, intent_type, settled_at, result } = record;
  const event = definitions.get(intent_type)?.announce({
    ...result,
    intent_id,
    intent_type,
    status: 'succeeded',
    success: true,
    error: null,
    execution_time_ms: 0,
    timestamp: settled_at,
  });
  return event == null ? [] : [{ ...event, intent_id }];
}
