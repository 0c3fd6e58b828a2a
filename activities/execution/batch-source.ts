/**
 * A batch source says where a batch's intents come from: from the batch itself, as those of a plain list, or from this
 * worker, as those of a slice. Batches and the last word on them are the same for both.
 */
import type { Info } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type {
  Announcement,
  BatchIntents,
  BatchOutput,
  ListIntents,
  CompactAnnouncement,
} from '../../src/domain/execution/batch.js';
import { expandAnnouncement, isKeptAnnouncement } from '../../src/domain/execution/compact-form.js';
import type { AnyIntentDefinition } from '../../src/domain/intents/definition.js';
import type { IntentResult } from '../../src/domain/intents/result.js';
import { type ParsedItem, parseItem } from './commands.js';
import { announcementOf } from './outcomes.js';

export interface BatchSource {
  /** Every intent of the batch, also those that today's schema refuses. */
  parse(definition: AnyIntentDefinition): ParsedItem[];
  /** Announcements as they are published. @throws EffectError when a store has to be asked for one, and cannot be. */
  announcements(announce: readonly CompactAnnouncement[]): Promise<readonly Announcement[]>;
  /** What the workflow gets of the result of `item`, and of the event that announces it. */
  tell(item: ParsedItem, definition: AnyIntentDefinition, result: IntentResult): Reported;
}

interface Reported {
  readonly result: BatchOutput['results'][number];
  readonly announce: BatchOutput['announce'];
}

/** Finds the source of a batch: by the key of its slice; without one, the batch has its intents itself. */
export type FindSource = (batch: BatchIntents, info: Info) => Promise<BatchSource>;

export const listSource = ({ items }: ListIntents): BatchSource => ({
  parse: (definition) => items.map((item) => parseItem(definition, item)),
  announcements: (announce) =>
    Promise.resolve(
      announce.map(expandAnnouncement).map((event) => {
        if (!isKeptAnnouncement(event)) return event;
        throw ApplicationFailure.nonRetryable(`no slice has intent ${event.position}`, 'PlanError');
      }),
    ),
  tell: (_item, definition, result) => ({ result, announce: announcementOf(definition, result) }),
});
