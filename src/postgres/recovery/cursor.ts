/**
 * Where a walk over the pages of `fsm_states` is. Pages go newest first by arrival, but a workflow that moves on during the
 * walk moves to the front, behind a cursor that only goes down. So a walk has phases: each goes down over what moved since the
 * phase before it began, and one that fits a single page has seen, in a single snapshot, all that was left: it is the last.
 * A workflow may come twice, the later time with its newer state; none is left out.
 *
 * "Since" is a snapshot, not an arrival number: numbers are drawn before the commit, so a lower one may appear later.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import { EffectError } from '../../domain/failures/failure.js';
import type { RecoverFsmStatesPayload } from '../../domain/intents/recover-fsm-states/schema.js';

/**
 * Characters of a snapshot's text: some 105 open transactions at 13 digits. Two of them make a cursor of 4,300, under the
 * 5,000 a payload takes (`CURSOR_LENGTH`).
 */
const SNAPSHOT_LENGTH = 1_500;

/**
 * A phase covers what moved during the one before: at 3/4 of the speed of reading, 1,000,000 states come down to a page of 5,000
 * in 19. What moves faster would keep a walk from its end, and without a cursor: the last phase goes by workflow.
 */
const LAST_PHASE = 20;

const snapshot = z
  .string()
  .max(SNAPSHOT_LENGTH)
  .regex(/^\d{1,20}:\d{1,20}:[\d,]*$/);

const phase = z.object({
  /** From 1. */
  number: z.int().min(1).max(LAST_PHASE),
  /** `pg_snapshot` of the phase before: only states are read that a transaction moved which it does not see. Null: all. */
  seen: snapshot.nullable(),
  /** Only arrivals before this one: the last of the page before. */
  before: z.int().positive(),
  /** In the last phase, only workflows after this one instead. */
  after: z.guid().nullable(),
  /** `pg_snapshot` of the first page: what the next phase starts from. Null: no page was read yet. */
  snapshot: snapshot.nullable(),
  /** `since_days` as a time, fixed for the whole walk; ISO 8601. */
  since: z.iso.datetime(),
  /** Of the filters: with others, a cursor would pass over states that no page has shown. */
  filters: z.string(),
});

export type Phase = Readonly<z.infer<typeof phase>>;
/** Where it is in both orders. */
export interface Row {
  readonly workflow_id: string;
  readonly arrival: number;
}

type Filters = Pick<RecoverFsmStatesPayload, 'states' | 'namespaces' | 'since_days'>;

const DAY_MS = 86_400_000;

/** The fields that every phase starts with. */
const START = { before: Number.MAX_SAFE_INTEGER, after: null, snapshot: null };

export const firstPhase = (request: Filters, now = Date.now()): Phase => ({
  number: 1,
  seen: null,
  ...START,
  since: new Date(now - request.since_days * DAY_MS).toISOString(),
  filters: filtersOf(request),
});

/** Whether the phase goes by workflow, not newest first. */
export const isLast = ({ number }: Phase): boolean => number === LAST_PHASE;

/** The phase after one of its rows. */
export const passed = (phase: Phase, row: Row): Phase =>
  isLast(phase) ? { ...phase, after: row.workflow_id } : { ...phase, before: row.arrival };

/** The rest of a phase, after the row `last`. @param current snapshot of the page just read. */
export const restOf = (page: Phase, last: Row, current: string): Phase => ({
  ...passed(page, last),
  snapshot: page.snapshot ?? bounded(current),
});

/** What moved since `page`, which ends its phase, began it; null when it is all of it. After the last phase: another like it. */
export const phaseAfter = (page: Phase): Phase | null =>
  page.snapshot === null
    ? null
    : { ...page, ...START, number: Math.min(page.number + 1, LAST_PHASE), seen: page.snapshot };

/**
 * The phase, or the first one when the server's numbers are below the cursor's, after a restore or a failover that lost
 * transactions: what moved since then has numbers that the cursor's snapshots take for seen.
 */
export function numberedHere(phase: Phase, current: string): Phase {
  const newest = phase.snapshot ?? phase.seen;
  if (newest === null || xmaxOf(newest) <= xmaxOf(current)) return phase;
  return { ...phase, number: 1, seen: null, ...START };
}

const xmaxOf = (text: string): bigint => BigInt(text.split(':')[1] ?? '');

/** A snapshot that lists more transactions than a cursor holds becomes the one before the oldest of them: that sees less. */
function bounded(text: string): string {
  const [xmin = ''] = text.split(':');
  return text.length <= SNAPSHOT_LENGTH ? text : `${xmin}:${xmin}:`;
}

/** In any order and number. */
function filtersOf({ states, namespaces, since_days }: Filters): string {
  const sorted = [states, namespaces].map((names) => (names == null ? null : [...new Set(names)].sort()));
  return hash('sha256', JSON.stringify([...sorted, since_days])).slice(0, 16);
}

export const encodeCursor = (value: Phase): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** @throws EffectError `invalid` for anything but a `next_cursor`, and for one of a request with other filters. */
export function decodeCursor(cursor: string, request: Filters): Phase {
  let value: Phase;
  try {
    value = phase.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch (error) {
    throw new EffectError('invalid', 'cursor: expected the next_cursor of a page before', { cause: error });
  }
  if (value.filters !== filtersOf(request)) {
    throw new EffectError(
      'invalid',
      'cursor: expected the states, namespaces and since_days of the page it came with, got others',
    );
  }
  return value;
}
