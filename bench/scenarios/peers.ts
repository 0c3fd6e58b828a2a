/**
 * This bench compares the service with its peers on the work of its users: lists of 20, 50 callers that wait. All take
 * turns on the same servers. After each turn, rows and messages are counted: a way that left other than its lists say
 * fails the run.
 */
import { until } from '../../src/flow-control/until.js';
import { endpointsOf } from '../../src/cli/context.js';
import { loadConfig } from '../../src/config.js';
import { topicOf } from '../../src/domain/events/event-types.js';
import { createKafka } from '../../src/kafka/client.js';
import { kafkaSettings } from '../../src/kafka/settings.js';
import { createLogger } from '../../src/log.js';
import { forkWorker } from '../processes/child.js';
import { installPeers } from '../processes/peer.js';
import { type Contender, type Left, SIZE, WAYS } from '../support/contenders.js';
import { processCpu, serverCpu } from '../support/cpu.js';
import { type Installation, openPool } from '../support/installation.js';
import { PLAIN_TABLES } from '../support/plain-stores.js';

export interface PeersOptions {
  /** Names of the ways to run; all of them by default. */
  readonly only?: readonly string[] | undefined;
  /** Turns that each way takes; 5 by default. */
  readonly turns?: number | undefined;
  /** Seconds of a turn, without its warm-up; 10 by default. */
  readonly seconds?: number | undefined;
}

const CALLERS = 50;
const WARMUP_MS = 1_500;
/** Milliseconds until the last announcements have to be there, which a caller does not wait for. */
const LEFT_MS = 20_000;

/** Milliseconds of CPU a list: callers and workers, the engine's server, PostgreSQL and Kafka. */
interface Cpu {
  readonly app: number;
  readonly engine: number;
  readonly stores: number;
}

interface Turn {
  readonly listsPerSecond: number;
  readonly p50: number;
  readonly p95: number;
  readonly cpu: Cpu;
}

interface Figures extends Turn {
  readonly name: string;
  readonly label: string;
  readonly turns: readonly Turn[];
}

export async function peersBench(installation: Installation, options: PeersOptions): Promise<void> {
  const { out, env } = installation;
  const { turns = 5, seconds = 10, only = Object.keys(WAYS) } = options;
  const unknown = only.filter((name) => !(name in WAYS));
  if (unknown.length > 0)
    throw new Error(`--only: expected ${Object.keys(WAYS).join(', ')}; got ${unknown.join(', ')}`);
  installPeers((text) => out.note(text));
  const counter = await openCounter(installation);
  // One worker executes lists, however they come.
  await installation.worker.stop();
  const worker = await forkWorker('intake', env);
  const opened: (readonly [name: string, contender: Awaited<ReturnType<(typeof WAYS)[string]>>])[] = [];
  try {
    for (const name of only) {
      const contender = await WAYS[name]?.({ ...installation, worker });
      if (contender !== undefined) opened.push([name, contender]);
    }
    const results = new Map<string, Turn[]>(only.map((name) => [name, []]));
    for (let turn = 1; turn <= turns; turn += 1) {
      for (const [name, contender] of opened) {
        out.note(`${contender.label}: turn ${turn} of ${turns}`);
        results.get(name)?.push(await runTurn(contender, counter, seconds));
      }
    }
    show(
      installation,
      opened.map(([name, { label }]) => mediansOf(name, label, results.get(name) ?? [])),
    );
  } finally {
    await Promise.all(opened.map(([, contender]) => contender.close()));
    await Promise.all([worker.stop(), counter.close()]);
  }
}

async function runTurn(contender: Contender, counter: Counter, seconds: number): Promise<Turn> {
  const before = await counter.count();
  const cpuBefore = cpuOf(contender);
  const load = { callers: CALLERS, warmup: WARMUP_MS, milliseconds: seconds * 1_000 };
  const { all, callsPerSecond, p50, p95 } = await contender.run(load);
  const expected = sum(before, contender.left, all);
  await until(LEFT_MS, async () => {
    const found = await counter.count();
    if (JSON.stringify(found) === JSON.stringify(expected)) return;
    throw new Error(
      `${contender.label}: ${JSON.stringify(found)} are stored, ${JSON.stringify(expected)} were expected`,
    );
  });
  const cpuAfter = cpuOf(contender);
  const perList = (name: keyof Cpu): number => ((cpuAfter[name] - cpuBefore[name]) / all) * 1_000;
  const cpu = { app: perList('app'), engine: perList('engine'), stores: perList('stores') };
  return { listsPerSecond: callsPerSecond, p50, p95, cpu };
}

function cpuOf({ app, engine, temporal: onTemporal }: Contender): Cpu {
  const { temporal = 0, postgres = 0, kafka = 0 } = serverCpu();
  return { app: processCpu(app), engine: processCpu(engine) + (onTemporal ? temporal : 0), stores: postgres + kafka };
}

const sum = (before: Left, list: Left, lists: number): Left => ({
  states: before.states + list.states * lists,
  transitions: before.transitions + list.transitions * lists,
  messages: before.messages + list.messages * lists,
});

interface Counter {
  /** Counts what all ways have left so far. */
  count(): Promise<Left>;
  close(): Promise<void>;
}

/** Each state adds 100 to its row, so that one stored twice is seen. */
const ROWS = `
  SELECT ((SELECT coalesce(sum(total_items_aggregated), 0) FROM bridge_states)
      + (SELECT coalesce(sum(items), 0) FROM peers.states))::float8 / 100 AS states,
    ((SELECT count(*) FROM fsm_transitions) + (SELECT count(*) FROM peers.transitions))::int AS transitions`;
const EVENTS = ['AGGREGATION_STARTED', 'STATE_PERSISTED', 'FSM_STATE_TRANSITIONED'] as const;

async function openCounter(installation: Installation): Promise<Counter> {
  const config = loadConfig(installation.env);
  const { kafka } = await endpointsOf(config);
  const admin = createKafka(kafkaSettings(config, kafka), createLogger('silent')).admin();
  const pool = openPool(installation, 1);
  await admin.connect();
  await pool.query(PLAIN_TABLES);
  const topics = EVENTS.map((type) => topicOf(config.KAFKA_TOPIC_PREFIX, type));
  return {
    async count() {
      const { rows } = await pool.query<{ states: number; transitions: number }>(ROWS);
      const offsets = await Promise.all(topics.map((topic) => admin.fetchTopicOffsets(topic)));
      const messages = offsets.flat().reduce((all, { high }) => all + Number(high), 0);
      return { states: rows[0]?.states ?? 0, transitions: rows[0]?.transitions ?? 0, messages };
    },
    async close() {
      await Promise.all([admin.disconnect(), pool.end()]);
    },
  };
}

/** Returns the median of each figure by itself. */
function mediansOf(name: string, label: string, turns: readonly Turn[]): Figures {
  const middle = (of: (turn: Turn) => number): number =>
    turns.map(of).sort((one, other) => one - other)[Math.floor(turns.length / 2)] ?? NaN;
  return {
    name,
    label,
    listsPerSecond: middle((turn) => turn.listsPerSecond),
    p50: middle(({ p50 }) => p50),
    p95: middle(({ p95 }) => p95),
    cpu: {
      app: middle(({ cpu }) => cpu.app),
      engine: middle(({ cpu }) => cpu.engine),
      stores: middle(({ cpu }) => cpu.stores),
    },
    turns,
  };
}

function show({ out }: Installation, figures: readonly Figures[]): void {
  const dbos = figures.find(({ name }) => name === 'dbos')?.listsPerSecond ?? NaN;
  const text = (value: number, digits = 1): string => (Number.isNaN(value) ? '' : value.toFixed(digits));
  out.record({ size: SIZE, callers: CALLERS, figures });
  out.table(
    ['lists of 20', 'lists/s', 'x DBOS', 'p50 ms', 'p95', 'CPU', 'app', 'engine', 'stores'],
    figures.map(({ label, listsPerSecond, p50, p95, cpu }) => [
      label,
      text(listsPerSecond),
      text(listsPerSecond / dbos, 2),
      text(p50, 0),
      text(p95, 0),
      text(cpu.app + cpu.engine + cpu.stores),
      text(cpu.app),
      text(cpu.engine),
      text(cpu.stores),
    ]),
  );
  out.line('');
  out.line(`${CALLERS} callers. CPU is milliseconds a list of callers and workers (app), of the`);
  out.line("engine's server, and of PostgreSQL and Kafka.");
}
