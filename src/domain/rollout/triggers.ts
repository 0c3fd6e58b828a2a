/** This module decides when a rollout is rolled back (ADR 0010). It is pure. */

/** A path window has the figures of one path's lists in the window. */
export interface PathWindow {
  readonly lists: number;
  readonly intents: number;
  readonly errors: number;
  readonly publishes: number;
  readonly publishFailures: number;
  /** Lists with an intent for which PostgreSQL could not be reached. */
  readonly databaseFailures: number;
  /** Lists, counted in `lists` too, that have not ended and have no intents yet. */
  readonly unfinished: number;
  /** Milliseconds; null without a list. */
  readonly p95Ms: number | null;
}

/** These are the bounds beyond which the new path is switched off. */
export interface Triggers {
  /** Milliseconds the window reaches back, but not behind the last change of the share. Default 300,000. */
  readonly windowMs: number;
  /** The fewest lists, or events for their own rate, from which a rate is judged. Default 20. */
  readonly minimum: number;
  /** The highest rate of intents that fail. Default 0.05. */
  readonly errorRate: number;
  /** The highest p95 of the new path, as a multiple of that of the legacy path. Default 2. */
  readonly latencyFactor: number;
  /**
   * The number of lists with database connection failures that is too many. Default 3, because one may be a restart's.
   */
  readonly databaseFailures: number;
  /** The highest rate of events that do not get to their topic. Default 0.1. */
  readonly publishFailureRate: number;
}

export const DEFAULT_TRIGGERS: Triggers = {
  windowMs: 300_000,
  minimum: 20,
  errorRate: 0.05,
  latencyFactor: 2,
  databaseFailures: 3,
  publishFailureRate: 0.1,
};

/**
 * @param baselineMs the p95 of the legacy path; null when too few lists have taken it. Latency then triggers nothing.
 * @returns the reason to roll back; null when there is none.
 */
export function reasonToRollBack(window: PathWindow, baselineMs: number | null, triggers: Triggers): string | null {
  const { lists, intents, errors, publishes, publishFailures, databaseFailures, unfinished, p95Ms } = window;
  if (databaseFailures >= triggers.databaseFailures) {
    return `database connection failures in ${databaseFailures} of ${lists} lists, at most ${triggers.databaseFailures - 1} allowed`;
  }
  if (publishes >= triggers.minimum && publishFailures > publishes * triggers.publishFailureRate) {
    return `publish failures ${share(publishFailures, publishes)}, at most ${percent(triggers.publishFailureRate)} allowed`;
  }
  if (lists < triggers.minimum) return null;
  if (errors > intents * triggers.errorRate) {
    return `error rate ${share(errors, intents)}, at most ${percent(triggers.errorRate)} allowed`;
  }
  if (p95Ms !== null && baselineMs !== null && p95Ms > baselineMs * triggers.latencyFactor) {
    const open = unfinished === 0 ? '' : ` (${unfinished} of ${lists} lists have not ended)`;
    return `latency p95 ${p95Ms.toFixed(0)} ms${open}, at most ${triggers.latencyFactor} x ${baselineMs.toFixed(0)} ms allowed`;
  }
  return null;
}

const share = (part: number, whole: number): string => `${percent(part / whole)} (${part} of ${whole})`;

const percent = (rate: number): string => `${(rate * 100).toFixed(1).replace(/\.0$/, '')} %`;
