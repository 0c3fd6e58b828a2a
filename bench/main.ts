/**
 * `npm run bench [-- execution|recovery|intake|await|parked|secured|shared] [--json]` measures speed as ratios to a
 * baseline.
 * `-- recovery --ended 1000000` measures pages of states beside so many workflows that ended, and nothing else.
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
import { recoveryBench } from './scenarios/recovery.js';
import { securedBench } from './scenarios/secured.js';
import { sharedBench } from './scenarios/shared.js';

interface Bench {
  readonly run: (installation: Installation, ended?: number) => Promise<void>;
  /** Variables of its installation. */
  readonly env?: NodeJS.ProcessEnv;
}

const BENCHES: Readonly<Record<string, Bench>> = {
  execution: { run: executionBench },
  recovery: { run: recoveryBench },
  intake: { run: intakeBench },
  await: { run: awaitBench },
  parked: { run: parkedBench, env: PARKED_ENV },
  secured: { run: securedBench },
  shared: { run: sharedBench },
};

const { values: flags, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false }, ended: { type: 'string' } },
  allowPositionals: true,
});
const [name = 'execution'] = positionals;
const bench = BENCHES[name];
if (bench === undefined) throw new Error(`bench: expected one of ${Object.keys(BENCHES).join(', ')}, got ${name}`);
const ended = flags.ended === undefined ? undefined : Number(flags.ended);
await withInstallation(
  createOutput({ json: flags.json, color: true }),
  (installation) => bench.run(installation, ended),
  bench.env,
);
