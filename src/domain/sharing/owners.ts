/** This module judges who else has the lists of a shared execution, by the executions that Temporal lists. */
import type { Owners } from './shared-plan.js';

/** A list that is asked about. */
export interface AskedList {
  readonly request_id: string;
  readonly request_sha256: string;
}

/** An execution that may have one of the lists. */
export interface StartedList {
  readonly workflow_id: string;
  /** The time of its start, ISO 8601. */
  readonly started_at: string;
  readonly running: boolean;
  /** The `IntentOutcome` of the execution; undefined for a shared one. */
  readonly outcome: string | undefined;
  /** The hashes of its requests, by request id. */
  readonly hashes: Readonly<Record<string, string>>;
  /** The request ids of its lists; null for an execution of its own, whose workflow id is the request id. */
  readonly request_ids: readonly string[] | null;
}

/** This port lists the executions that have, or had, one of these lists. Temporal may list the latest ones late. */
export interface StartedLists {
  find(requestIds: readonly string[]): Promise<readonly StartedList[]>;
}

/** @param self the execution that asks. Of two that have the same list, the one that started first executes it. */
export function ownersOf(
  asked: readonly AskedList[],
  started: readonly StartedList[],
  self: Pick<StartedList, 'workflow_id' | 'started_at'>,
): Owners {
  const conflicts = new Set<string>();
  const elsewhere = new Map<string, string>();
  for (const list of asked) {
    const { request_id: id } = list;
    const owner = aloneOwner(list, started) ?? sharedOwner(list, started, self);
    if (owner === null) continue;
    const hash = owner.hashes[id];
    if (owner.request_ids === null ? hash !== list.request_sha256 : isOther(hash, list)) conflicts.add(id);
    else if (owner.running || owner.outcome === 'completed') elsewhere.set(id, owner.workflow_id);
  }
  return { conflicts, elsewhere };
}

/** Hashes are unknown where a caller in another language has started the execution. */
const isOther = (hash: string | undefined, { request_sha256 }: AskedList): boolean =>
  hash !== undefined && hash !== request_sha256;

/** Returns the latest execution of the list's own, unless its id is free again because it failed. */
function aloneOwner({ request_id }: AskedList, started: readonly StartedList[]): StartedList | null {
  const [latest] = started
    .filter(({ workflow_id, request_ids }) => request_ids === null && workflow_id === request_id)
    .sort(byStart)
    .reverse();
  if (latest === undefined) return null;
  return latest.running || latest.outcome === 'completed' || latest.outcome === 'partial' ? latest : null;
}

/** Returns the first of the other shared executions that have the list, where it began before the one that asks. */
function sharedOwner(
  { request_id }: AskedList,
  started: readonly StartedList[],
  self: Pick<StartedList, 'workflow_id' | 'started_at'>,
): StartedList | null {
  const [first] = started
    .filter((one) => one.request_ids?.includes(request_id) === true && one.running && byStart(one, self) < 0)
    .sort(byStart);
  return first ?? null;
}

type Started = Pick<StartedList, 'workflow_id' | 'started_at'>;

const byStart = (one: Started, other: Started): number =>
  Date.parse(one.started_at) - Date.parse(other.started_at) || (one.workflow_id < other.workflow_id ? -1 : 1);
