/**
 * This module says on which day a workflow ended, in the words of the indexes of migration 0020. By them a recovery
 * reads only what matches, however many workflows have ended before (ADR 0029).
 */
import { TERMINAL_STATES } from '../../domain/recovery/terminal-states.js';

/** SQL of the day, in UTC, on which a workflow ended; infinity while it has not. The indexes begin with it. */
export const ENDED_ON = `CASE WHEN upper(current_state) = ANY ('{${TERMINAL_STATES.join()}}'::text[])
  THEN date_trunc('day', updated_at AT TIME ZONE 'UTC') ELSE 'infinity'::timestamp END`;

/**
 * Days that are read one by one. Each costs 60 us of planning. A longer time is mostly about workflows that match, and
 * is read in one stream by the other indexes.
 */
const MOST_DAYS = 92;

const DAY_MS = 86_400_000;

/** SQL of the orders of a read. Each needs an index that has it, NULLs included, though there are none. */
interface Orders {
  readonly byId: string;
  readonly newestFirst: string;
}

/** The orders of the indexes of migration 0020, which no other index has: the planner cannot take a wrong one. */
const BY_DAY: Orders = { byId: 'workflow_id NULLS FIRST', newestFirst: 'arrival DESC NULLS LAST' };
/** The orders of the primary key, and of the index of migration 0005. */
const WHOLE: Orders = { byId: 'workflow_id', newestFirst: 'arrival DESC' };

/** Streams divide the workflows that match. Within one an index gives the order, so merging them reads no other row. */
interface Streams extends Orders {
  /** An SQL condition for each stream. */
  readonly conditions: readonly string[];
}

/**
 * Returns the streams of workflows that have not ended, and of those that ended since `$1`, a day each.
 * @param since the time `$1`, ISO 8601.
 */
export function streamsSince(since: string, now = Date.now()): Streams {
  const first = Math.floor(Date.parse(since) / DAY_MS);
  const today = Math.max(first, Math.floor(now / DAY_MS));
  if (today - first >= MOST_DAYS) return { ...WHOLE, conditions: [`(updated_at >= $1 OR ${ENDED_ON} = 'infinity')`] };
  const days = Array.from({ length: today - first }, (_, after) => `${ENDED_ON} = '${dateOf(first + 1 + after)}'`);
  const conditions = [
    `${ENDED_ON} = 'infinity'`,
    `${ENDED_ON} = '${dateOf(first)}' AND updated_at >= $1`,
    ...days,
    // The clock of the database may be ahead of this one.
    `${ENDED_ON} > '${dateOf(today)}' AND ${ENDED_ON} < 'infinity'`,
  ];
  return { ...BY_DAY, conditions };
}

const dateOf = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);
