/** This module walks over the FSM states of all workflows, a page at a time. */
import { randomUUID } from 'node:crypto';
import type { RecoveredState, RecoveredStates } from '../domain/intents/recover-fsm-states/schema.js';
import { ExecutionError } from './errors.js';
import type { ExecuteOptions, Intent, IntentsReport, OrNull } from './types.js';

/** These options select the workflows whose states are recovered; without them, all match. */
export interface RecoverOptions {
  /** Only workflows in one of these states. */
  readonly states?: readonly string[];
  /** Only workflows whose metadata names one of these namespaces. */
  readonly namespaces?: readonly string[];
  /** How far back workflows in a terminal state are of interest, in days; default 7. The other workflows always are. */
  readonly sinceDays?: number;
  /** The most states to give; default: all. The first page has the newest. */
  readonly limit?: number;
}

/** `Given` are the options as a caller has given them. */
type Given = NonNullable<OrNull<RecoverOptions>>;

/** A `RecoveredWorkflow` is the latest state of one workflow. */
export interface RecoveredWorkflow extends RecoveredState {
  readonly workflow_id: string;
}

/**
 * A walk gives every workflow that matches from the beginning of the walk to the workflow's page. Each comes at least
 * once, as it was when that page was read. Two pages are in memory at a time. A workflow that moves meanwhile may be
 * given again, newer: keep the state with the higher (epoch, transition_count, arrival). A walk may be gone through
 * once.
 */
export class RecoveredStatesWalk implements AsyncIterable<RecoveredWorkflow> {
  #failed = 0;
  #newest = 0;
  #totalMatching: number | null = null;
  #more = true;
  #warning: string | null = null;
  #requestId: string | null = null;

  constructor(
    private readonly execute: (intents: readonly Intent[], options: ExecuteOptions) => Promise<IntentsReport>,
    private readonly options: Given,
  ) {}

  /** The number of stored states, so far, that no page can hold. */
  get failed(): number {
    return this.#failed;
  }

  /**
   * The number of given states that are the newest there were: those of the first page, newest first. The states of
   * later pages have no such order.
   */
  get newest(): number {
    return this.#newest;
  }

  /** States that matched when the walk began; null before the first page, and when PostgreSQL timed out counting. */
  get totalMatching(): number | null {
    return this.#totalMatching;
  }

  /** Returns whether states follow those that were given. */
  get truncated(): boolean {
    return this.#more;
  }

  /** The warning of the latest page that had one, such as which states it left out. */
  get warning(): string | null {
    return this.#warning;
  }

  /** The request id of the latest page that was asked for; null before the first. */
  get requestId(): string | null {
    return this.#requestId;
  }

  /** @throws ExecutionError when a page could not be read; LimitError, RefusedError as `executeIntents`. */
  async *[Symbol.asyncIterator](): AsyncGenerator<RecoveredWorkflow, void, void> {
    const limit = this.options.limit ?? Infinity;
    // Every walk uses fresh request ids: a reused one would return the page stored for the earlier walk.
    const walk = randomUUID();
    let given = 0;
    let barren = 0;
    let cursor: string | null = null;
    let ahead: Promise<RecoveredStates> | undefined = this.#page(walk, 0, cursor, limit);
    for (let number = 1; ahead !== undefined; number += 1) {
      const page: RecoveredStates = await ahead;
      const states = Object.entries(page.recovered_states);
      if (number === 1) this.#newest = states.length;
      this.#failed += page.failed;
      this.#warning = page.warning ?? this.#warning;
      if (page.total_matching !== undefined) this.#totalMatching = page.total_matching;
      barren = page.truncated && states.length + page.failed === 0 && page.next_cursor === cursor ? barren + 1 : 0;
      if (barren === PATIENCE) {
        throw new ExecutionError(pageId(walk, number - 1), `${page.warning ?? 'empty page'}; ${PATIENCE} times over`);
      }
      cursor = page.next_cursor;
      const left = limit - given - states.length;
      ahead = cursor === null || left <= 0 ? undefined : this.#page(walk, number, cursor, left);
      // A failure of the next page is ignored here: a caller that stops in the middle of this page need not hear of it.
      ahead?.catch(() => undefined);
      for (const [workflow_id, state] of states) {
        given += 1;
        yield { workflow_id, ...state };
      }
    }
    this.#more = cursor !== null;
  }

  async #page(walk: string, number: number, cursor: string | null, limit: number): Promise<RecoveredStates> {
    const { intents, how } = pageRequest(this.options, { walk, number, cursor, limit });
    this.#requestId = how.requestId;
    const { results } = await this.execute(intents, how);
    const [result] = results;
    if (result?.intent_type !== 'RecoverFSMStates' || !result.success) {
      throw new ExecutionError(how.requestId, `page ${number + 1} of the states: ${result?.error ?? 'no result'}`);
    }
    // A successful result has all fields of its type.
    return result as RecoveredStates;
  }
}

interface Page {
  readonly walk: string;
  readonly number: number;
  readonly cursor: string | null;
  readonly limit: number;
}

/** Returns the list that reads a page of states. */
function pageRequest({ states, namespaces, sinceDays }: Given, { walk, number, cursor, limit }: Page) {
  const intent: Intent = {
    intent_type: 'RecoverFSMStates',
    target: 'store_effect',
    payload: {
      recovery_id: walk,
      limit: Math.min(limit, PAGE),
      with_total: number === 0,
      ...(cursor === null ? {} : { cursor }),
      states: states as string[] | null | undefined,
      namespaces: namespaces as string[] | null | undefined,
      since_days: sinceDays,
    },
  };
  return {
    intents: [intent],
    how: { requestId: pageId(walk, number), correlationId: walk, derivedEvents: 'none' },
  } as const;
}

/** Returns the list that reads the first page of states, for who does not wait for it. */
export const firstPage = (options: RecoverOptions) =>
  pageRequest(options, { walk: randomUUID(), number: 0, cursor: null, limit: options.limit ?? Infinity });

/** The most states a page may be asked for; bytes cut it to some 3,000 states with 300 bytes of metadata. */
const PAGE = 10_000;
/** The empty pages in a row, each after a statement time-out of 60 s, after which PostgreSQL is taken for unable. */
const PATIENCE = 3;

const pageId = (walk: string, number: number): string => `recover-${walk}-${number + 1}`;
