/** This module has the messages of a simulated topic, and what the model expects of each. */
import { SLICE_INTENTS } from '../../src/domain/intake/slice.js';

export type Kind =
  | 'list'
  /** A list of which two fill a slice. */
  | 'half'
  /** A list of which a few fill a partition worker. */
  | 'heavy'
  /** A list with an intent that no worker takes: it is answered, and copied. */
  | 'invalid'
  /** A list with which Temporal takes no slice. */
  | 'refused'
  /** A list whose start is too large for a message. */
  | 'unsendable'
  | 'text'
  | 'nothing'
  | 'no list'
  | 'too many'
  | 'too large'
  /** An envelope that was sent before. */
  | 'again';

/** The kinds that have no list. */
const POISON: ReadonlySet<Kind> = new Set(['text', 'nothing', 'no list', 'too many', 'too large']);

export interface Rec {
  /** The message's number among all messages of the sequence. */
  readonly number: number;
  readonly kind: Kind;
  readonly topicId: number;
  readonly partition: number;
  readonly offset: number;
  readonly value: Buffer | null;
  readonly timestamp: number;
  /** The event id; null where the message has no list. */
  readonly eventId: string | null;
  /** The partition workers that the message went to, one for each time that a consumer took it for read. */
  readonly given: { readonly process: number; readonly life: number }[];
}

const FILLED = 'x'.repeat(300_000);
const TOO_LARGE = 'x'.repeat(1_500_001);
const HALF = Array.from({ length: SLICE_INTENTS / 2 }, (_, index) => index);
/** Numbers that take four bytes each in the message, and 21 in the start. */
const LONG_NUMBERS = `[${Array.from({ length: 100_000 }, () => '1e20').join(',')}]`;
const idOf = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

export const carriesList = (kind: Kind): boolean => !POISON.has(kind);

export function valueOf(
  kind: Kind,
  number: number,
): { readonly value: Buffer | null; readonly eventId: string | null } {
  const eventId = carriesList(kind) ? idOf(number) : null;
  const envelope = (intents: string): Buffer =>
    Buffer.from(
      `{"envelope_version":"1.0","event_id":"${idOf(number)}","event_type":"INTENT_EMITTED","payload":{"intents":${intents}}}`,
    );
  const own = JSON.stringify({ number });
  switch (kind) {
    case 'text':
      return { value: Buffer.from(`{"event_id": ${number}`), eventId };
    case 'nothing':
      return { value: null, eventId };
    case 'no list':
      return { value: envelope(`"${number}"`), eventId };
    case 'too many':
      return { value: envelope(JSON.stringify(Array(2_001).fill(number))), eventId };
    case 'too large':
      return { value: envelope(`["${TOO_LARGE}"]`), eventId };
    case 'half':
      return { value: envelope(JSON.stringify(HALF)), eventId };
    case 'heavy':
      return { value: envelope(`["${FILLED}"]`), eventId };
    case 'unsendable':
      return { value: envelope(`[${LONG_NUMBERS}]`), eventId };
    default:
      return { value: envelope(`[${own}]`), eventId };
  }
}
