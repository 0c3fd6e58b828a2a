/**
 * A cursor says where a walk over the pages of `fsm_states` goes on. The first page, which needs none, has the newest
 * states. All others go by workflow id, which nothing changes: no workflow escapes a cursor by moving.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import { EffectError } from '../../domain/failures/failure.js';
import type { RecoverFsmStatesPayload } from '../../domain/intents/recover-fsm-states/schema.js';
import { shown } from '../../domain/values/json.js';

/** Characters of a snapshot's text: some 105 open transactions at 13 digits. */
const SNAPSHOT_LENGTH = 1_500;

const cursor = z.object({
  /** The workflow id that the walk goes on after; null: before all of them. */
  after: z.guid().nullable(),
  /**
   * The end of the first page, whose states the other pages leave out; null leaves out nothing. A cursor of before
   * 2026-11-27 has no such field. Its walk goes on by workflow id behind `after`, from the first one where that is
   * null.
   */
  firstPage: z
    .object({
      /** The arrival of the first page's last state. */
      oldest: z.int().positive(),
      /**
       * `pg_snapshot` of the first page. An arrival alone does not say what the page has shown, since it is drawn
       * before its commit.
       */
      snapshot: z
        .string()
        .max(SNAPSHOT_LENGTH)
        .regex(/^\d{1,20}:\d{1,20}:[\d,]*$/),
    })
    .nullable()
    .default(null),
  /** `since_days` as a time, fixed for the whole walk; ISO 8601. */
  since: z.iso.datetime(),
  /** A hash of the filters: with others, a cursor would pass over states that no page has shown. */
  filters: z.string(),
});

export type Cursor = Readonly<z.infer<typeof cursor>>;

/** A row is what a cursor takes of the state it goes on after. */
export interface Row {
  readonly workflow_id: string;
  readonly arrival: number;
}

type Filters = Pick<RecoverFsmStatesPayload, 'states' | 'namespaces' | 'since_days'>;

const DAY_MS = 86_400_000;

/** Returns the cursor in front of all states. */
export const startOf = (request: Filters, now = Date.now()): Cursor => ({
  after: null,
  firstPage: null,
  since: new Date(now - request.since_days * DAY_MS).toISOString(),
  filters: filtersOf(request),
});

/** Returns the cursor after a first page that ends with the row `last`. @param snapshot the page's. */
export const afterFirstPage = (start: Cursor, last: Row, snapshot: string): Cursor => ({
  ...start,
  firstPage: { oldest: last.arrival, snapshot: bounded(snapshot) },
});

/**
 * Returns the cursor for a server whose snapshot is `current`. A server with numbers below the cursor's has lost
 * transactions, by a restore or a failover. It gives their numbers to others, so that a snapshot no longer says what
 * the first page has shown.
 */
export const validOn = (current: string, value: Cursor): Cursor =>
  value.firstPage !== null && xmaxOf(value.firstPage.snapshot) > xmaxOf(current)
    ? { ...value, firstPage: null }
    : value;

const xmaxOf = (text: string): bigint => BigInt(text.split(':')[1] ?? '');

/**
 * Bounds a snapshot that lists more transactions than a cursor holds. It becomes the snapshot before the oldest of
 * them, which sees less.
 */
function bounded(text: string): string {
  const [xmin = ''] = text.split(':');
  return text.length <= SNAPSHOT_LENGTH ? text : `${xmin}:${xmin}:`;
}

/** Returns a hash that is the same for the same filters, in any order and number. */
function filtersOf({ states, namespaces, since_days }: Filters): string {
  const sorted = [states, namespaces].map((names) => (names == null ? null : [...new Set(names)].sort()));
  return hash('sha256', JSON.stringify([...sorted, since_days])).slice(0, 16);
}

export const encodeCursor = (value: Cursor): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** @throws EffectError `invalid` for anything but a `next_cursor`, and for one of a request with other filters. */
export function decodeCursor(text: string, request: Filters): Cursor {
  let value: Cursor;
  try {
    value = cursor.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
  } catch (error) {
    const problem = `cursor: expected the next_cursor of a page before, got ${shown(text)}`;
    throw new EffectError('invalid', problem, { cause: error });
  }
  if (value.filters !== filtersOf(request)) {
    throw new EffectError(
      'invalid',
      'cursor: expected the states, namespaces and since_days of the page it came with, got others',
    );
  }
  return value;
}
