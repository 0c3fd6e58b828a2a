/**
 * A batch source says where a batch's intents come from: from the batch itself, as those of a plain list, or from this worker,
 * as those of a slice. Batches and the last word on them are the same for both.
 */
import type { Info } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Announcement, BatchInput, BatchOutput } from '../../src/domain/execution/batch.js';
import type { AnyIntentDefinition } from '../../src/domain/intents/definition.js';
import type { IntentResult } from '../../src/domain/intents/result.js';
import { type ParsedItem, parseItem } from './commands.js';
import { announcementOf } from './outcomes.js';

export interface BatchSource {
  /** Every item, also those that today's schema refuses. @throws ApplicationFailure `PlanError` for one that it has not got. */
  parse(definition: AnyIntentDefinition, items: BatchInput['items']): ParsedItem[];
  /** Announcements as they are published. @throws EffectError when a store has to be asked for one, and cannot be. */
  announcements(announce: NonNullable<BatchInput['announce']>): Promise<readonly Announcement[]>;
  /** What the workflow gets of the result of `item`, and of the event that announces it. */
  tell(item: ParsedItem, definition: AnyIntentDefinition, result: IntentResult): Reported;
}

interface Reported {
  readonly result: BatchOutput['results'][number];
  readonly announce: BatchOutput['announce'];
}

/** Finds the source of a batch: by the key of its slice; without one, the batch has its intents itself. */
export type FindSource = (batch: Pick<BatchInput, 'slice'>, info: Info) => Promise<BatchSource>;

export const plainSource: BatchSource = {
  parse: (definition, items) =>
    items.map((item) => {
      if (typeof item === 'number') throw ApplicationFailure.nonRetryable(`no slice has intent ${item}`, 'PlanError');
      return parseItem(definition, item);
    }),
  announcements: (announce) => Promise.resolve(announce.filter((event) => typeof event !== 'number')),
  tell: (_item, definition, result) => ({ result, announce: announcementOf(definition, result) }),
};
