/**
 * `npm run bench [-- execution|recovery|intake|await|parked|secured|shared|peers] [--json]` measures speed as ratios to
 * a baseline.
 * `-- recovery --ended 1000000` measures pages of states beside so many workflows that ended, and nothing else.
 * `-- peers --only dbos,shared --turns 3 --seconds 5` compares some ways only, in fewer or shorter turns.
 * Every server, the worker and the callers share the machine, so absolute figures are for orientation. Baseline and
 * service take turns, and medians are compared.
 */
import { parseArgs } from 'node:util';
import { createOutput } from '../src/cli/views/output.js';
import { type Installation, withInstallation } from './support/installation.js';
import { awaitBench } from './scenarios/await.js';
import { executionBench } from './scenarios/execution.js';
import { intakeBench } from './scenarios/intake.js';
import { PARKED_ENV, parkedBench } from './scenarios/parked.js';
import { type PeersOptions, peersBench } from './scenarios/peers.js';
import { recoveryBench } from './scenarios/recovery.js';
import { securedBench } from './scenarios/secured.js';
import { sharedBench } from './scenarios/shared.js';

interface BenchOptions extends PeersOptions {
  readonly ended?: number | undefined;
}

interface Bench {
  readonly run: (installation: Installation, options: BenchOptions) => Promise<void>;
  /** Variables of its installation. */
  readonly env?: NodeJS.ProcessEnv;
}

const BENCHES: Readonly<Record<string, Bench>> = {
  execution: { run: executionBench },
  recovery: { run: (installation, { ended }) => recoveryBench(installation, ended) },
  intake: { run: intakeBench },
  await: { run: awaitBench },
  parked: { run: parkedBench, env: PARKED_ENV },
  secured: { run: securedBench },
  shared: { run: sharedBench },
  peers: { run: peersBench },
};

const { values: flags, positionals } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    ended: { type: 'string' },
    only: { type: 'string' },
    turns: { type: 'string' },
    seconds: { type: 'string' },
  },
  allowPositionals: true,
});
const [name = 'execution'] = positionals;
const bench = BENCHES[name];
if (bench === undefined) throw new Error(`bench: expected one of ${Object.keys(BENCHES).join(', ')}, got ${name}`);
const numberOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));
const options: BenchOptions = {
  ended: numberOf(flags.ended),
  only: flags.only?.split(','),
  turns: numberOf(flags.turns),
  seconds: numberOf(flags.seconds),
};
await withInstallation(
  createOutput({ json: flags.json, color: true }),
  (installation) => bench.run(installation, options),
  bench.env,
);
