/** An open slice is a slice as activities see it: its lists, and its intents by their position. */
import { z } from 'zod';
import { jsonObject, listName, optional } from '../intents/fields.js';
import { type DefinitionsByType, parseIntent, type ParsedIntent, type RejectedIntent } from '../intents/parse.js';
import { describeIssue } from '../values/issue.js';
import { groupBy } from '../values/group-by.js';
import { intentIdOf } from '../execution/plan.js';
import { listHash } from '../values/ids.js';
import type { IntentResult } from '../intents/result.js';
import { RequestError } from '../execution/request.js';
import type { SliceInput } from './slice.js';
import type { SliceList } from './list.js';

/** The input of `ExecuteSliceWorkflow`, as the intake writes it. */
export const sliceInput = z.object({
  lists: z.array(
    z.object({
      event_id: listName,
      written_event_id: optional(listName),
      correlation_id: listName.nullable(),
      emitted_at: optional(z.iso.datetime()),
      offset: optional(listName),
      request_id: optional(listName),
      options: optional(jsonObject),
      intents: z.array(z.unknown()),
    }),
  ),
  parked: optional(z.boolean()),
});

/** @throws RequestError naming the field: any client may start the workflow, with any input. */
function parseSlice(raw: unknown): SliceInput {
  const parsed = sliceInput.safeParse(raw);
  if (!parsed.success) throw new RequestError(describeIssue(parsed.error, raw, 'input'));
  return parsed.data as SliceInput;
}

/** An open list is one list of the slice, with the ids that an envelope may leave out. */
export interface OpenList extends Pick<SliceList, 'event_id' | 'emitted_at' | 'offset' | 'options' | 'intents'> {
  /** The list as it came. */
  readonly given: SliceList;
  /** The event id as its sender has written it. */
  readonly written_event_id: string;
  readonly request_id: string;
  readonly correlation_id: string;
  /** Position of the list's first intent. */
  readonly at: number;
}

export class OpenSlice {
  readonly lists: readonly OpenList[];
  /** Whether the lists are parked. */
  readonly parked: boolean;
  /** Results, by position, of the intents that were executed in this process. */
  readonly results = new Map<number, IntentResult>();
  readonly #intents = new Map<number, ParsedIntent | RejectedIntent>();
  readonly #ids = new Map<number, string>();
  readonly #publishing = new Map<OpenList, boolean>();
  readonly #hashes = new Map<OpenList, string>();
  #byEventId: ReadonlyMap<string, readonly OpenList[]> | undefined;

  /** @throws RequestError when `input` is no slice. */
  constructor(
    input: unknown,
    private readonly definitions: DefinitionsByType,
  ) {
    const { lists, parked = false } = parseSlice(input);
    this.parked = parked;
    let at = 0;
    this.lists = lists.map((list) => {
      const { event_id, written_event_id = event_id } = list;
      const correlation_id = list.correlation_id ?? list.request_id ?? written_event_id;
      const request_id = list.request_id ?? event_id;
      const open = { ...list, given: list, written_event_id, request_id, correlation_id, at };
      at += list.intents.length;
      return open;
    });
  }

  /** @throws RangeError when the slice has no list of that number. */
  list(number: number): OpenList {
    const list = this.lists[number];
    if (list === undefined) throw new RangeError(`the slice has no list ${number}`);
    return list;
  }

  /** Returns the lists that have an event id, however their senders have written it. */
  listsOf(eventId: string): readonly OpenList[] {
    this.#byEventId ??= groupBy(this.lists, ({ event_id }) => event_id);
    return this.#byEventId.get(eventId) ?? [];
  }

  /** Returns the list hash of a list. */
  hashOf(list: OpenList): string {
    const hash = this.#hashes.get(list) ?? listHash(list.intents);
    this.#hashes.set(list, hash);
    return hash;
  }

  /** @throws RangeError when there is no such position. */
  intentAt(at: number): ParsedIntent | RejectedIntent {
    const known = this.#intents.get(at);
    if (known !== undefined) return known;
    const list = this.listAt(at);
    const intent = parseIntent(list.intents[at - list.at], this.definitions);
    this.#intents.set(at, intent);
    return intent;
  }

  /** Returns all intents of a list, in its order. */
  intentsOf(list: OpenList): (ParsedIntent | RejectedIntent)[] {
    return list.intents.map((_, index) => this.intentAt(list.at + index));
  }

  /** Keeps a parsed intent and its id. That spares parsing the intent once more, and hashing for its id. */
  remember(at: number, intent: ParsedIntent | RejectedIntent, id: string): void {
    this.#intents.set(at, intent);
    this.#ids.set(at, id);
  }

  /** Returns the id that an intent has in the plan. @throws as `intentAt`. */
  idAt(at: number): string {
    const known = this.#ids.get(at);
    if (known !== undefined) return known;
    const list = this.listAt(at);
    return intentIdOf(this.intentAt(at), list.request_id, at - list.at);
  }

  /** @throws as `intentAt`. */
  listAt(at: number): OpenList {
    let from = 0;
    let to = this.lists.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.lists[middle]?.at ?? 0) <= at) from = middle + 1;
      else to = middle;
    }
    // Several lists may begin there. The last of them is taken, because the others are empty.
    const list = this.lists[from - 1];
    if (list === undefined || at - list.at >= list.intents.length)
      throw new RangeError(`the slice has no intent ${at}`);
    return list;
  }

  /**
   * Returns whether the list of an intent publishes derived events itself. The workflow then has to look at each of
   * them.
   */
  publishesItself(at: number): boolean {
    const list = this.listAt(at);
    const known = this.#publishing.get(list);
    if (known !== undefined) return known;
    const publishing = this.intentsOf(list).some(
      (intent) => intent.ok && (intent.definition.announcedBy?.(intent.payload) ?? null) !== null,
    );
    this.#publishing.set(list, publishing);
    return publishing;
  }
}
