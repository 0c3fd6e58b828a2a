/**
 * This module has the types that `RedriveDeadLettersWorkflow` and its activity share. It is free of zod, because
 * workflow code imports it.
 */
import type { DeadLetterFilter, RedrivePage } from './port.js';

export interface RedriveRequest extends Omit<DeadLetterFilter, 'maxRedrives'> {
  /**
   * Whether the Schedule asks for the redrive; default false. If so, letters that were refused too often are left to a
   * person.
   */
  readonly automatic?: boolean;
}

interface RedrivePageInput extends RedriveRequest {
  /** The cursor of the page: its letters have ids over this one. */
  readonly after: number;
  /** The most letters of a page. */
  readonly limit: number;
}

export type RedriveActivity = (input: RedrivePageInput) => Promise<RedrivePage>;

/** A `RedriveReport` counts what became of the letters of a redrive. */
export interface RedriveReport {
  /** Letters that are on their topic now. */
  readonly redriven: number;
  /** Letters that were refused once more. */
  readonly failed: number;
  /** Letters left because an older one of the same topic and key stays open. */
  readonly behind: number;
  /** The reason why the redrive ended before its last letter; null when it did not. */
  readonly stopped: string | null;
}
