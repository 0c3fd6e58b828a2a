/** This module reads `{lists: [request, ...]}`, the input of `ExecuteListsWorkflow`, as lists of a slice. */
import { z } from 'zod';
import { listName } from '../intents/fields.js';
import { parseRequest, RequestError } from '../execution/request.js';
import type { SliceList } from '../intake/list.js';
import type { SliceInput } from '../intake/slice.js';
import { describeIssue } from '../values/issue.js';
import { requestHash } from '../execution/request-conflict.js';
import { emittedId } from '../values/ids.js';
import { checkLimits, DEFAULT_LIMITS, LimitError } from '../values/limits.js';

const input = z.strictObject({ lists: z.array(z.unknown()) });

/** The start of a shared execution, which names the lists that bring no request id. */
interface Started {
  readonly workflow_id: string;
  readonly started_at: string;
}

export interface GivenLists {
  /** The lists as those of a slice. A list that is refused has no intents here. */
  readonly slice: SliceInput;
  /** The hash of each request. */
  readonly hashes: readonly string[];
  /** The reasons why lists are rejected, by the number of the list. Their neighbours are executed. */
  readonly refused: ReadonlyMap<number, string>;
}

/** @throws RequestError when the input has no lists: then there is nobody to answer. */
export function readGivenLists(raw: unknown, started: Started): GivenLists {
  const parsed = input.safeParse(raw);
  if (!parsed.success) throw new RequestError(describeIssue(parsed.error, raw, 'input'));
  const refused = new Map<number, string>();
  const hashes: string[] = [];
  let intents = 0;
  const lists = parsed.data.lists.map((given, number) => {
    try {
      const { list, hash } = readList(given, number, started);
      const all = intents + list.intents.length;
      if (all > DEFAULT_LIMITS.intents) {
        throw new LimitError(
          `lists: with this one they hold ${all} intents, the limit is ${DEFAULT_LIMITS.intents}; start it alone`,
        );
      }
      intents = all;
      hashes.push(hash);
      return list;
    } catch (error) {
      if (!(error instanceof RequestError || error instanceof LimitError)) throw error;
      refused.set(number, error.message);
      hashes.push('');
      return refusedList(given, number, started);
    }
  });
  return { slice: { lists }, hashes, refused };
}

/** @throws RequestError, LimitError */
function readList(
  given: unknown,
  number: number,
  { workflow_id, started_at }: Started,
): { readonly list: SliceList; readonly hash: string } {
  const { correlation_id, request_id, ...rest } = parseRequest(given);
  checkLimits(rest.intents);
  const named = { ...rest, request_id: request_id ?? defaultName(workflow_id, number) };
  const list = {
    ...named,
    event_id: emittedId({ intents: named.intents, request_id: named.request_id, options: named.options }),
    correlation_id: correlation_id ?? null,
    emitted_at: started_at,
  };
  return { list, hash: requestHash({ ...named, ...(correlation_id == null ? {} : { correlation_id }) }) };
}

/** Returns the name of a list that brings none. */
const defaultName = (workflowId: string, number: number): string => `${workflowId}/${number}`;

/** Returns a list in the stead of one that cannot be read, with its request id where that is valid. */
function refusedList(given: unknown, number: number, { workflow_id, started_at }: Started): SliceList {
  const id = listName.safeParse(
    typeof given === 'object' && given !== null ? Reflect.get(given, 'request_id') : undefined,
  );
  return {
    event_id: emittedId({ workflow_id, number }),
    correlation_id: null,
    emitted_at: started_at,
    request_id: id.success ? id.data : defaultName(workflow_id, number),
    intents: [],
  };
}
