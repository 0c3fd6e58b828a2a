/**
 * This bench measures what callers gain that share executions (ADR 0038). The same lists run alone and shared in turns,
 * on the same servers; rates, latencies and CPU of all processes are compared by their medians.
 */
import { StoreEffectClient } from '../../src/client/index.js';
import { endpointsOf } from '../../src/cli/context.js';
import { loadConfig } from '../../src/config.js';
import { measureCpu, perUnit, showCpu } from '../support/cpu-of.js';
import type { Installation } from '../support/installation.js';
import { mixed } from '../support/lists.js';
import { load } from '../support/load.js';

const TURNS = 5;
const SIZE = 20;
/** Callers of one client, as in one process; and of ten, as in ten processes with few callers each. */
const SCENARIOS = {
  one_caller: { clients: 1, callers: 1, lists: 20 },
  fifty_callers: { clients: 1, callers: 50, lists: 100 },
  ten_clients_of_five: { clients: 10, callers: 50, lists: 100 },
};
const SHARES = ['never', 'auto'] as const;

interface Turn {
  readonly listsPerSecond: number;
  readonly p50: number;
  readonly p95: number;
  /** Milliseconds of CPU a list, by process. */
  readonly cpu: Readonly<Record<string, number>>;
}

export async function sharedBench(installation: Installation): Promise<void> {
  const { out } = installation;
  const clients: StoreEffectClient[] = [];
  try {
    for (let n = 0; n < 10; n += 1) clients.push(await connect(installation));
    for (const [name, scenario] of Object.entries(SCENARIOS)) {
      const rows: string[][] = [];
      const label = `${scenario.callers} callers, ${scenario.clients} clients`;
      const turns: Record<(typeof SHARES)[number], Turn[]> = { never: [], auto: [] };
      for (let turn = 1; turn <= TURNS; turn += 1) {
        out.note(`lists of ${SIZE}, ${label}: turn ${turn} of ${TURNS}`);
        for (const share of SHARES) {
          turns[share].push(await measure(installation, clients.slice(0, scenario.clients), scenario, share));
        }
      }
      const [alone, shared] = [middleOf(turns.never), middleOf(turns.auto)];
      const ratio = shared.listsPerSecond / alone.listsPerSecond;
      out.record({ [name]: { alone, shared, ratio, turns } });
      for (const [way, figures] of [
        ['alone', alone],
        ['shared', shared],
      ] as const) {
        rows.push([
          label,
          way,
          figures.p50.toFixed(0),
          figures.p95.toFixed(0),
          figures.listsPerSecond.toFixed(1),
          way === 'alone' ? '' : `${ratio.toFixed(2)} x`,
          total(figures.cpu).toFixed(1),
          showCpu(figures.cpu),
        ]);
      }
      // Each scenario is shown when it is done, because the whole takes minutes.
      out.table(['lists of 20', 'way', 'p50 ms', 'p95', 'lists/s', 'ratio', 'CPU ms a list', 'by process'], rows);
    }
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

/** Connects with the default of `share`; each call says whether it shares. */
async function connect({ env, taskQueue }: Installation): Promise<StoreEffectClient> {
  const { temporal } = await endpointsOf(loadConfig(env));
  return StoreEffectClient.connect({ address: temporal.address, namespace: temporal.namespace, taskQueue });
}

async function measure(
  { worker }: Installation,
  clients: readonly StoreEffectClient[],
  { callers, lists }: { readonly callers: number; readonly lists: number },
  share: (typeof SHARES)[number],
): Promise<Turn> {
  let turn = 0;
  let all = 0;
  const call = async (): Promise<void> => {
    const client = clients[(turn += 1) % clients.length];
    const report = await client?.executeIntents(mixed(SIZE), { share });
    all += 1;
    if (report?.outcome !== 'completed') throw new Error(`${report?.request_id ?? ''}: ${report?.outcome ?? ''}`);
  };
  const { value, cpu } = await measureCpu(worker, () => load(callers, lists, call, callers));
  const { callsPerSecond, p50, p95 } = value;
  return { listsPerSecond: callsPerSecond, p50, p95, cpu: perUnit(cpu, all, 1_000) };
}

const total = (cpu: Turn['cpu']): number => Object.values(cpu).reduce((sum, one) => sum + one, 0);

/** Returns the turn in the middle, by lists a second. */
function middleOf(turns: readonly Turn[]): Turn {
  const sorted = [...turns].sort((one, other) => one.listsPerSecond - other.listsPerSecond);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('nothing was measured');
  return middle;
}
