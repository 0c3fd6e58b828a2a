/** What `RedriveDeadLettersWorkflow` and its activity say to each other. Free of zod: workflow code imports it. */
import type { DeadLetterFilter, RedrivePage } from './port.js';

export interface RedriveRequest extends Omit<DeadLetterFilter, 'maxRedrives'> {
  /** Set by the Schedule: letters that were refused too often are left to a person. Default false. */
  readonly automatic?: boolean;
}

interface RedrivePageInput extends RedriveRequest {
  /** Letters with ids over this one. */
  readonly after: number;
  /** Letters of a page. */
  readonly limit: number;
}

export type RedriveActivity = (input: RedrivePageInput) => Promise<RedrivePage>;

/** What a redrive came to. */
export interface RedriveReport {
  /** Letters that are on their topic now. */
  readonly redriven: number;
  /** Letters that were refused once more. */
  readonly failed: number;
  /** Letters left because an older one of the same topic and key stays open. */
  readonly behind: number;
  /** Why it ended before the last letter; null when it did not. */
  readonly stopped: string | null;
}
