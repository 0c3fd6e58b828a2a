/** The local activity behind `FindVerdictsWorkflow`. */
import { z } from 'zod';
import { jsonBytes } from '../../src/domain/values/limits.js';
import type { FindVerdictsActivity } from '../../src/domain/intake/slice.js';
import type { Verdict } from '../../src/domain/intake/list.js';
import type { Ports } from '../ports.js';
import { readInput } from '../parse-input.js';

/** Of an answer: a payload holds 2 MB, a verdict 900 KB at most. */
const ANSWER_BYTES = 1_500_000;
/** Ids of one question; 40 bytes each. */
const FIND_VERDICTS = 500;

const input = z.object({ event_ids: z.array(z.string().min(1).max(200)).max(FIND_VERDICTS) });

export function findVerdicts({ verdicts }: Ports): FindVerdictsActivity {
  return async (given) => {
    const { event_ids } = readInput(input, given);
    const found: Verdict[] = [];
    const left: string[] = [];
    let bytes = 0;
    for (const [eventId, verdict] of await verdicts.find(event_ids)) {
      bytes += jsonBytes(verdict);
      if (found.length > 0 && bytes > ANSWER_BYTES) left.push(eventId);
      else found.push(verdict);
    }
    return { verdicts: found, left };
  };
}
