/** This bench recovers with more and more workflows beside that ended before `since_days`: they are to cost nothing. */
import type pg from 'pg';
import type { Result } from '../../src/client/index.js';
import { type Installation, execute } from './installation.js';
import { recovery } from './lists.js';
import { percentiles } from './load.js';

/** The default of `--ended`; a million take a minute to store. */
export const ENDED = 100_000;

const WALKS = 40;

/** A measurement has the milliseconds of a page of states. */
interface PageTimes {
  readonly ended: number;
  /** The median. */
  readonly p50: number;
  readonly p95: number;
}

/**
 * Reads all pages of the states; 1.5 MB end a page at some 6,900 of them.
 * @returns milliseconds in the activity of each page.
 */
export async function readPages(installation: Installation, workflows: number): Promise<number[]> {
  const times: number[] = [];
  let states = 0;
  let cursor: string | null = null;
  do {
    const [result]: readonly Result[] = await execute(installation, [recovery(workflows, cursor)]);
    if (result?.intent_type !== 'RecoverFSMStates') throw new Error('the answer is no page of states');
    states += result.total_recovered ?? 0;
    times.push(result.execution_time_ms);
    cursor = result.next_cursor ?? null;
  } while (cursor !== null);
  if (states !== workflows) throw new Error(`${states} states of ${workflows} were read`);
  return times;
}

/** Measures pages of `workflows` states that have not ended, first alone and then beside `ended` workflows. */
export async function endedTimes(
  installation: Installation,
  pool: pg.Pool,
  workflows: number,
  ended: number,
): Promise<PageTimes[]> {
  const results: PageTimes[] = [];
  for (const beside of [0, ended]) {
    installation.out.note(`${workflows} workflows beside ${beside} that ended`);
    if (beside > 0) await addEnded(pool, beside);
    const times: number[] = [];
    for (let walk = 0; walk < WALKS; walk += 1) times.push(...(await readPages(installation, workflows)));
    const { p50, p95 } = percentiles(times);
    results.push({ ended: beside, p50, p95 });
  }
  return results;
}

/** Stores workflows that ended 8 to 60 days ago, with higher arrivals than all others have. */
async function addEnded(pool: pg.Pool, ended: number): Promise<void> {
  await pool.query(
    `INSERT INTO fsm_states (workflow_id, current_state, previous_state, epoch, transition_count, metadata,
       last_transition_at, sequence, updated_at)
     SELECT gen_random_uuid(), 'COMPLETED', 'PROCESSING', 1, 3, '{"namespace": "ns1"}', NOW(),
       nextval('fsm_transitions_sequence'), NOW() - (8 + 52 * random()) * INTERVAL '1 day'
     FROM generate_series(1, $1::int)`,
    [ended],
  );
  await pool.query('VACUUM ANALYZE fsm_states');
  await pool.query('CHECKPOINT');
}

export function showEnded({ out }: Installation, times: readonly PageTimes[]): void {
  out.record({ ended: times });
  out.table(
    ['ended workflows beside', 'a page p50 ms', 'p95'],
    times.map(({ ended, p50, p95 }) => [String(ended), p50.toFixed(0), p95.toFixed(0)]),
  );
  out.line('');
  out.line('target < 200 ms');
  out.line('');
}
