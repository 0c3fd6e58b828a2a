/**
 * A batch source says where a batch's intents come from: the batch carries them itself, as a plain list's does, or this worker keeps
 * them, as it does a slice's. Batches and the last word on them are the same for both.
 */
import type { Info } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type {
  Announcement,
  BatchIntents,
  BatchOutput,
  CarriedIntents,
  CompactAnnouncement,
} from '../../src/domain/execution/batch.js';
import { expandAnnouncement, isKeptAnnouncement } from '../../src/domain/execution/compact-form.js';
import type { AnyIntentDefinition } from '../../src/domain/intents/definition.js';
import type { IntentResult } from '../../src/domain/intents/result.js';
import { type ParsedItem, parseCarried } from './commands.js';
import { announcementOf } from './outcomes.js';

export interface BatchSource {
  /** Every intent of the batch, also those that today's schema refuses. */
  parse(definition: AnyIntentDefinition): ParsedItem[];
  /** Announcements as they are published. @throws EffectError when a store has to be asked for one, and cannot be. */
  announcements(announce: readonly CompactAnnouncement[]): Promise<readonly Announcement[]>;
  /** What the workflow is told of the result of `item`, and of the event that announces it. */
  tell(item: ParsedItem, definition: AnyIntentDefinition, result: IntentResult): Told;
}

interface Told {
  readonly result: BatchOutput['results'][number];
  readonly announce: BatchOutput['announce'];
}

/** Finds the source of a batch: by the key of its slice; without one, the batch carries its intents. */
export type FindSource = (batch: BatchIntents, info: Info) => Promise<BatchSource>;

export const carriedSource = ({ items }: CarriedIntents): BatchSource => ({
  parse: (definition) => items.map((item) => parseCarried(definition, item)),
  announcements: (announce) =>
    Promise.resolve(
      announce.map(expandAnnouncement).map((event) => {
        if (!isKeptAnnouncement(event)) return event;
        throw ApplicationFailure.nonRetryable(`no slice has intent ${event.position}`, 'PlanError');
      }),
    ),
  tell: (_item, definition, result) => ({ result, announce: announcementOf(definition, result) }),
});
