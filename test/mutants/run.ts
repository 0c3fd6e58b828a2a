/**
 * `npm run test:mutants [-- PART ...]` makes each kept mistake alone, in a copy of the tree, and expects the named test
 * to fail. Before that, every named test has to pass without a mistake. PART is a part of a mistake's name or of its
 * file. The exit code is 1 when a mistake survives.
 */
import pLimit from 'p-limit';
import { stackOptions } from '../../src/cli/context.js';
import { loadConfig } from '../../src/config.js';
import { stackDown, stackStatus, stackUp } from '../../src/stack/index.js';
import { type Mutant, readCatalogue } from './catalogue.js';
import { type Checkout, makeCheckout, type Verdict } from './checkout.js';

/** The number of copies that are at work side by side. Most of a test is waiting. */
const AT_ONCE = 2;

const wanted = process.argv.slice(2);
const mutants = readCatalogue().filter(
  ({ name, file }) => wanted.length === 0 || wanted.some((part) => name.includes(part) || file.includes(part)),
);
const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function withServers(work: () => Promise<number>): Promise<number> {
  const options = stackOptions(loadConfig());
  const before = await stackStatus(options);
  const startedHere = Object.values(before.services).some(({ state }) => state === 'stopped');
  const endpoints = await stackUp(options);
  process.env['TEMPORAL_ADDRESS'] = endpoints.temporal.address;
  process.env['DATABASE_URL'] = endpoints.postgres.url;
  process.env['KAFKA_BOOTSTRAP_SERVERS'] = endpoints.kafka.brokers.join(',');
  try {
    return await work();
  } finally {
    if (startedHere) await stackDown(options);
  }
}

/** Tries all mistakes, and returns how many survived or could not be tried. */
async function tryAll(): Promise<number> {
  const free: Checkout[] = Array.from({ length: AT_ONCE }, makeCheckout);
  const slots = pLimit(AT_ONCE);
  const inCheckout = (work: (checkout: Checkout) => Promise<Verdict>): Promise<Verdict> =>
    slots(async () => {
      const checkout = free.pop();
      if (checkout === undefined) throw new Error('no copy is free');
      try {
        return await work(checkout);
      } finally {
        free.push(checkout);
      }
    });
  const sound = new Map<string, Promise<Verdict>>();
  const withoutMistake = ({ test, grep }: Mutant): Promise<Verdict> => {
    const name = `${test} ${grep}`;
    const known = sound.get(name) ?? inCheckout((checkout) => checkout.run({ test, grep }));
    sound.set(name, known);
    return known;
  };
  const attempt = async (mutant: Mutant): Promise<boolean> => {
    const before = await withoutMistake(mutant);
    const verdict: Verdict =
      before.outcome === 'survived'
        ? await inCheckout((checkout) => checkout.run(mutant))
        : {
            outcome: 'broken',
            why: `without a mistake: ${before.outcome === 'killed' ? 'the test fails' : before.why}`,
          };
    print(`${mutant.name.padEnd(14)} ${verdict.outcome.padEnd(9)} ${mutant.file}`);
    print(`    by ${mutant.test}: "${mutant.grep}"`);
    if (verdict.outcome === 'broken') print(`    ${verdict.why}`);
    return verdict.outcome === 'killed';
  };
  try {
    const killed = await Promise.all(mutants.map(attempt));
    return killed.filter((one) => !one).length;
  } finally {
    for (const checkout of free) checkout.remove();
  }
}

const left = await withServers(tryAll);
print(`\n${mutants.length - left} of ${mutants.length} mistakes killed by the test that is named for them`);
process.exitCode = left > 0 || mutants.length === 0 ? 1 : 0;
