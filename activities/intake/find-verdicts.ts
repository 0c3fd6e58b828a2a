/** This is the local activity behind `FindVerdictsWorkflow`. */
import { z } from 'zod';
import { cut } from '../../src/domain/values/cut.js';
import { jsonBytes } from '../../src/domain/values/limits.js';
import { LOCAL_STATEMENT_MS } from '../../src/domain/time-outs.js';
import type { FindVerdictsActivity } from '../../src/domain/intake/slice.js';
import type { Ports } from '../ports.js';
import { readInput } from '../parse-input.js';

/** The most bytes of an answer: a payload holds 2 MB, and a verdict has 900 KB at most. */
const ANSWER_BYTES = 1_500_000;
/** The most ids of one question, with 40 bytes each. */
const FIND_VERDICTS = 500;

const input = z.object({ event_ids: z.array(z.string().min(1).max(200)).max(FIND_VERDICTS) });

export function findVerdicts({ verdicts }: Ports): FindVerdictsActivity {
  return async (given) => {
    const { event_ids } = readInput(input, given);
    const stored = [...(await verdicts.find(event_ids, LOCAL_STATEMENT_MS))];
    const [answered = []] = cut(stored, ([, { verdict }]) => ({ bytes: jsonBytes(verdict) }), { bytes: ANSWER_BYTES });
    return {
      verdicts: answered.map(([, { verdict }]) => verdict),
      left: stored.slice(answered.length).map(([eventId]) => eventId),
    };
  };
}
