/**
 * A batch source says where the intents of a batch come from. The intents of a plain list come with the batch; those of
 * a slice are in this worker. Running a batch and giving it up are the same for both.
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
  /** Returns every intent of the batch, also those that today's schema rejects. */
  parse(definition: AnyIntentDefinition): ParsedItem[];
  /**
   * Returns the announcements as they are published. @throws EffectError when a store has to be asked for one, and
   * cannot be.
   */
  announcements(announce: readonly CompactAnnouncement[]): Promise<readonly Announcement[]>;
  /** Returns the result of `item`, and the event that announces it, in the form that the workflow gets. */
  tell(item: ParsedItem, definition: AnyIntentDefinition, result: IntentResult): Reported;
}

interface Reported {
  readonly result: BatchOutput['results'][number];
  readonly announce: BatchOutput['announce'];
}

/** Finds the source of a batch by the key of its slice. A batch without a key has its intents itself. */
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
