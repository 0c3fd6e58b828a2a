/**
 * The compact form of what a slice's workflow and its activities tell each other: in a payload, a position or the
 * milliseconds of a kept result are a bare number. This file alone looks at such a number; all other code sees a named
 * shape. The form stays as it is, because histories and workers of other builds hold it (ADR 0024). Free of zod:
 * workflow code imports it.
 */
import type { Announcement, CompactAnnouncement, CompactResult, Milliseconds, Position } from './batch.js';
import type { IntentResult } from '../intents/result.js';

/** A success whose result stays in the worker that executed the intent. The workflow knows how long it took. */
export interface KeptResult {
  readonly keptMs: Milliseconds;
}

/** An announcement that the worker with the kept result makes when it publishes it. */
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
