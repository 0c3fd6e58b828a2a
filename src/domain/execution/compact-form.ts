/**
 * The compact form writes a position, or a kept result's milliseconds, as a bare number in a payload. A slice's
 * workflow and its activities exchange it. This file alone looks at such a number; all other code sees a named shape.
 * The form stays as it is, because histories and workers of other builds hold it (ADR 0024). This file is free of zod,
 * because workflow code imports it.
 */
import type { Announcement, CompactAnnouncement, CompactResult, Milliseconds, Position } from './batch.js';
import type { IntentResult } from '../intents/result.js';

/**
 * A kept result is the result of a success that stays in the worker that executed the intent. The workflow knows how
 * long it took.
 */
export interface KeptResult {
  readonly keptMs: Milliseconds;
}

/** A kept announcement is made by the worker that has the kept result, when that worker publishes it. */
export interface KeptAnnouncement {
  readonly position: Position;
}

export const isKept = (result: IntentResult | KeptResult): result is KeptResult => 'keptMs' in result;

export const isKeptAnnouncement = (event: Announcement | KeptAnnouncement): event is KeptAnnouncement =>
  'position' in event;

export const compactResult = (result: IntentResult | KeptResult): CompactResult =>
  isKept(result) ? result.keptMs : result;

export const expandResult = (result: CompactResult): IntentResult | KeptResult =>
  typeof result === 'number' ? { keptMs: result } : result;

export const compactAnnouncement = (event: Announcement | KeptAnnouncement): CompactAnnouncement =>
  isKeptAnnouncement(event) ? event.position : event;

export const expandAnnouncement = (event: CompactAnnouncement): Announcement | KeptAnnouncement =>
  typeof event === 'number' ? { position: event } : event;
