/** A simulation runs one sequence: processes of the real intake between a simulated Kafka and a simulated Temporal. */
import { idle, type Process } from './process.js';
import { cycle, noFaults } from './faults.js';
import { Expectations } from './expectations.js';
import { carriesList, type Kind, type Rec, valueOf } from './records.js';
import { type Command, PARTITIONS, type Sequence } from './sequences.js';
import { startProcess, TOPIC } from './simulated-process.js';
import { type KafkaWorld, SimulatedTopic } from './simulated-topic.js';
import { SimulatedTemporal } from './simulated-temporal.js';
import type { Owner, Run, TemporalWorld } from './temporal-world.js';
import type { VirtualClock } from './virtual-clock.js';

const START = Date.UTC(2026, 0, 1);
/**
 * Milliseconds in which everything must have come to its end once nothing fails. They cover the longest run, session,
 * watchdog and pauses.
 */
const SETTLE_MS = 7_200_000;
/** The most milliseconds that a partition worker waits for the end of a slice. */
const LONGEST_WAIT_MS = 60_000;
/** The most milliseconds of a partition worker between two attempts. */
const LONGEST_PAUSE_MS = 10_500;

export class Simulation implements KafkaWorld, TemporalWorld {
  readonly faults = noFaults();
  readonly violations: string[] = [];
  readonly records: Rec[] = [];
  readonly topic = new SimulatedTopic(this, TOPIC, PARTITIONS);
  readonly temporal = new SimulatedTemporal(this, TOPIC);
  readonly expectations = new Expectations(this);
  readonly delay: () => number;
  readonly fate: () => { ms: number; failsAfter: number | null };
  readonly #processes: Process[] = [];
  /** How often the buffer of a partition worker was dropped, by process and partition. */
  readonly #lives = new Map<string, number>();
  readonly #assigned = new Map<number, ReadonlySet<number>>();
  readonly #byEvent = new Map<string, Rec[]>();
  #dirty = true;
  #temporalFailed = false;

  constructor(
    readonly clock: VirtualClock,
    private readonly sequence: Sequence,
  ) {
    clock.reset(START);
    this.delay = cycle(sequence.delays);
    this.fate = cycle(sequence.fates);
  }

  /** Runs the sequence, and returns what went wrong. */
  async run(): Promise<readonly string[]> {
    const fine = (): boolean => this.violations.length === 0;
    // This list is emitted before there is a consumer, and so a position.
    this.#emit(0, ['list']);
    this.#start();
    for (const command of this.sequence.commands) {
      this.#do(command);
      if (!(await this.clock.pass(command.do === 'wait' ? command.ms : 1, fine))) return this.violations;
    }
    Object.assign(this.faults, noFaults());
    if (!this.#processes.some(({ state }) => state === 'runs')) this.#start();
    // A refused commit is made good by the next commit, which the lists emitted next bring.
    await this.clock.pass(120_000, fine);
    for (const partition of this.topic.logs.keys()) this.#emit(partition, ['list']);
    const unsettled = (): boolean => {
      if (!fine()) return false;
      if (!this.#dirty) return true;
      this.#dirty = false;
      return !this.expectations.isComplete();
    };
    const stuck = await this.clock.pass(SETTLE_MS, unsettled);
    if (stuck) this.violations.push(...this.expectations.missing());
    // A list that comes too often comes during this time.
    await this.clock.pass(20_000, fine);
    if (fine()) this.violations.push(...this.#processes.flatMap(idle));
    if (fine()) this.violations.push(...this.expectations.misplaced());
    for (const running of this.#processes) if (running.state === 'runs') this.#stop(running, 100_000);
    await this.clock.pass(120_000, fine);
    if (fine() && this.#processes.some(({ state }) => state === 'stops'))
      this.violations.push('a process does not stop');
    if (fine()) this.violations.push(...this.expectations.missing());
    return this.violations;
  }

  #do(command: Command): void {
    const running = this.#processes.filter(({ state }) => state === 'runs');
    const one = 'which' in command ? running[command.which % Math.max(1, running.length)] : undefined;
    const consumer = one?.consumers.at(-1);
    switch (command.do) {
      case 'wait':
        return;
      case 'emit':
        this.#emit(command.partition, command.kinds);
        return;
      case 'fail':
        Object.assign(this.faults, command.faults);
        this.#temporalFailed ||= this.faults.temporal !== 'up';
        return;
      case 'force':
        this.temporal.endByForce(command.failsAfter);
        return;
      case 'join':
        if (running.length < 3) this.#start();
        return;
      case 'rebalance':
        this.topic.rebalance();
        return;
      case 'recreate':
        this.topic.createAgain(command.fetchFails);
        return;
      case 'stop':
        if (one !== undefined) this.#stop(one, command.graceMs);
        return;
      case 'kill':
        if (one !== undefined) this.#kill(one);
        if (command.again) this.#start();
        return;
      case 'evict':
        consumer?.evict();
        return;
      case 'crash':
        consumer?.crash();
        return;
      case 'stall':
        if (consumer === undefined) return;
        consumer.stalled = true;
        this.topic.expire(consumer);
    }
  }

  #emit(partition: number, kinds: readonly Kind[]): void {
    for (const drawn of kinds) {
      const number = this.records.length;
      const before = this.records.filter(({ kind }) => carriesList(kind));
      const original = drawn === 'again' ? before[(number * 7) % before.length]! : undefined;
      const kind = original?.kind ?? drawn;
      const { value, eventId } = original ?? valueOf(kind, number);
      const rec: Rec = {
        number,
        kind,
        topicId: this.topic.topicId,
        partition,
        offset: this.topic.logs[partition]!.length,
        value,
        timestamp: this.clock.now,
        eventId,
        given: [],
      };
      this.records.push(rec);
      if (eventId !== null) this.#byEvent.set(eventId, [...this.recsOf(eventId), rec]);
      this.topic.append(rec);
    }
    this.#dirty = true;
  }

  #start(): void {
    this.#processes.push(startProcess(this, this.#processes.length, this.sequence.maxSlices));
  }

  #kill(one: Process): void {
    one.state = 'gone';
    this.assigned(one.id, new Set(), new Set());
    for (const consumer of one.consumers) this.topic.expire(consumer);
  }

  #stop(one: Process, graceMs: number): void {
    one.state = 'stops';
    const consumer = one.consumers.at(-1);
    const member = consumer?.isMember === true && !consumer.stalled;
    const stoppedAt = this.clock.now;
    const until = stoppedAt + graceMs;
    void one.intake.stop(graceMs).then(() => {
      if (this.isDead(one.id)) return;
      if (member && this.topic.members.includes(consumer))
        this.violations.push('a stopped intake is still a member of the group');
      one.state = 'gone';
      // The process's partition workers came to their end, or it is as good as killed. A refused copy is not waited
      // for.
      const waitedForCopy = one.refusedAt > stoppedAt - LONGEST_PAUSE_MS;
      if (waitedForCopy || (consumer?.leftAt ?? until) >= until) this.#kill(one);
    });
  }

  changed(): void {
    this.#dirty = true;
  }
  isDead(process: number): boolean {
    return this.#processes[process]?.state === 'gone';
  }
  recsOf(eventId: string): Rec[] {
    return this.#byEvent.get(eventId) ?? [];
  }
  ownerOf(process: number, partition: number): Owner {
    return { process, life: this.#lives.get(`${process} ${partition}`) ?? 0 };
  }
  /** Returns whether the partition worker has not been made to drop anything since. */
  isIntact({ process, life }: Owner, partition: number): boolean {
    return this.ownerOf(process, partition).life === life;
  }
  /** Returns whether the run's owner still sees to it that what is for a person is copied. */
  copies({ owner, partition, fate }: Run): boolean {
    const { state, refusedAt } = this.#processes[owner.process]!;
    const intact = this.isIntact(owner, partition);
    if (intact && state === 'runs') return true;
    // A partition worker that is stopped, or that has lost its partition, asks for the end once and makes the copy
    // once.
    if (fate.ms >= LONGEST_WAIT_MS || this.#temporalFailed) return false;
    return intact || (state === 'runs' && refusedAt === 0);
  }
  /** Returns whether the partition worker has what it was given, or has handed it over. */
  hasKept(owner: Owner, partition: number): boolean {
    return this.isIntact(owner, partition) && this.#processes[owner.process]?.state === 'runs';
  }
  mayStart(process: number, partition: number): boolean {
    // Partition workers of a topic that is gone finish what they have buffered, or of one that may be.
    if (this.topic.topicId > 0 || this.topic.isSetBack(partition)) return true;
    return this.#processes[process]?.state === 'runs' && this.#assigned.get(process)?.has(partition) === true;
  }
  gave(process: number, rec: Rec): void {
    rec.given.push(this.ownerOf(process, rec.partition));
  }
  assigned(process: number, partitions: ReadonlySet<number>, kept: ReadonlySet<number>): void {
    this.#assigned.set(process, partitions);
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      if (kept.has(partition)) continue;
      this.#lives.set(`${process} ${partition}`, this.ownerOf(process, partition).life + 1);
    }
  }
  committed(life: string, partition: number, offset: number, floor: number): void {
    this.expectations.committed(life, partition, offset, floor);
    this.#dirty = true;
  }
}
