/**
 * A list as an envelope brings it to the intake, and how it ended. Plain data, free of zod: workflow code imports it.
 */
import type { Report } from '../execution/report.js';

/** The list of an envelope. */
export interface SliceList {
  /** Of the envelope: the scope of derived intent ids when there is no request id. */
  readonly event_id: string;
  readonly correlation_id: string | null;
  /** When it was put on its topic, ISO 8601; absent where nobody knows. */
  readonly emitted_at?: string;
  readonly request_id?: string;
  readonly options?: Readonly<Record<string, unknown>>;
  /** Raw: an invalid one is reported by the workflow and stops no neighbour. */
  readonly intents: readonly unknown[];
}

/** How a list ended, as it is stored and, as the payload of INTENT_RESULT, published. */
export interface Verdict extends Report {
  /** Of the envelope that brought the list. */
  readonly event_id: string;
  /** Of the list; of INTENT_RESULT too. */
  readonly correlation_id: string;
  /** Why nothing of the list was run; absent otherwise. */
  readonly error?: string;
}

/** Most that a verdict takes, in bytes of JSON: with its envelope it is a message under the 1 MiB a topic takes. */
export const VERDICT_BYTES = 900_000;
