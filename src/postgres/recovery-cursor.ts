/**
 * Where a walk over the pages of `fsm_states` is. Pages go newest first by arrival, but a workflow that moves on during the
 * walk moves to the front, behind a cursor that only goes down. So a walk has phases: each goes down over what moved since the
 * phase before it began, and one that fits a single page has seen, in a single snapshot, all that was left: it is the last.
 * A workflow may come twice, the later time with its newer state; none is left out.
 *
 * "Since" is a transaction id, not an arrival number: numbers are drawn before the commit, so a lower one may appear later.
 */
import { z } from 'zod';
import { EffectError } from '../intents/failure.js';

const xid = z.string().regex(/^\d{1,20}$/);

const phase = z.object({
  /** Only states moved by this transaction or a later one: those that no page of the phases before can have missed. */
  moved_since: xid,
  /** Only arrivals before this one: the last of the page before. */
  before: z.int().positive(),
  /** Oldest transaction that was open when the phase began: where the next one starts. Null: no page was read yet. */
  horizon: xid.nullable(),
  /** `since_days` as a time, fixed for the whole walk; ISO 8601. */
  since: z.iso.datetime(),
});

export type Phase = Readonly<z.infer<typeof phase>>;

const DAY_MS = 86_400_000;

export const firstPhase = (sinceDays: number, now = Date.now()): Phase => ({
  moved_since: '0',
  before: Number.MAX_SAFE_INTEGER,
  horizon: null,
  since: new Date(now - sinceDays * DAY_MS).toISOString(),
});

/** The rest of a phase, after the row that arrived as number `last`. @param horizon of the page just read. */
export const restOf = (page: Phase, last: number, horizon: string): Phase => ({
  ...page,
  before: last,
  horizon: page.horizon ?? horizon,
});

/** The phase after the one that ends with `page`; null when that was a single page. */
export const phaseAfter = (page: Phase): Phase | null =>
  page.horizon === null ? null : { ...page, moved_since: page.horizon, before: Number.MAX_SAFE_INTEGER, horizon: null };

export const encodeCursor = (value: Phase): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** @throws EffectError `invalid` for anything but a `next_cursor`. */
export function decodeCursor(cursor: string): Phase {
  try {
    return phase.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch (error) {
    throw new EffectError('invalid', 'cursor: expected the next_cursor of a page before', { cause: error });
  }
}
