/**
 * A simulated consumer is a member of the group, behind the part of kafkajs that the intake uses. Its behaviour is
 * taken from the source of kafkajs. Positions are the committed ones after each join. A commit that fails is tried
 * again, in the generation that there is then. One of a consumer that was asked to go is passed over.
 */
import { EventEmitter } from 'node:events';
import type { Consumer } from 'kafkajs';
import { never } from './faults.js';
import { FETCHED, type SimulatedTopic } from './simulated-topic.js';

const HEARTBEAT_MS = 10_000;
/** Milliseconds between two attempts of a commit, and the number of attempts. */
const RETRY_MS = 300;
const ATTEMPTS = 4;

type Payload = Record<string, unknown>;

export class SimulatedConsumer {
  readonly events = {
    FETCH_START: 'fetch_start',
    FETCH: 'fetch',
    HEARTBEAT: 'heartbeat',
    GROUP_JOIN: 'group_join',
    CRASH: 'crash',
  };
  memberId = '';
  /** Whether the consumer says nothing any more, and does nothing. */
  stalled = false;
  readonly #emitter = new EventEmitter();
  #generation = -1;
  #positions = new Map<number, number>();
  #paused = new Set<number>();
  #running = false;
  #known = '';
  #fetching = false;
  #fetchFails = false;
  /** The group's offset when the partition worker began, by partition. */
  readonly #floors = new Map<number, number>();
  /** The topic that the partition worker's messages are of, by partition. */
  readonly #topicIds = new Map<number, number>();
  #joined: () => void = () => undefined;
  #eachBatch: (payload: Payload) => Promise<void> = never;

  constructor(
    private readonly topic: SimulatedTopic,
    private readonly process: number,
  ) {}

  get isAlive(): boolean {
    return this.#running && !this.stalled && !this.topic.world.isDead(this.process);
  }
  /** Whether the consumer is in the group and has been given partitions. */
  get isMember(): boolean {
    return this.#positions.size > 0 && this.topic.members.includes(this);
  }

  on(event: string, listener: (given: { payload: Payload }) => void): void {
    this.#emitter.on(event, listener);
  }
  #emit(event: string, payload: Payload): void {
    if (this.isAlive) this.#emitter.emit(event, { payload });
  }

  connect = (): Promise<void> => this.#wait();
  #fromBeginning = false;
  subscribe = ({ fromBeginning }: { fromBeginning: boolean }): Promise<void> => {
    this.#fromBeginning = fromBeginning;
    return this.#wait();
  };
  async run({ eachBatch }: { eachBatch: (payload: Payload) => Promise<void> }): Promise<void> {
    this.#eachBatch = eachBatch;
    this.#running = true;
    const joined = new Promise<void>((resolve) => (this.#joined = resolve));
    await this.#wait();
    this.topic.join(this);
    this.#beat();
    await joined;
  }
  /** The time at which the consumer was asked to go. */
  leftAt: number | undefined;
  async disconnect(): Promise<void> {
    this.leftAt ??= this.topic.world.clock.now;
    if (this.stalled) await never();
    this.#running = false;
    await this.#wait();
    this.topic.leave(this);
  }
  paused = () => [
    { topic: this.topic.name, partitions: [...this.#positions.keys()].filter((id) => this.#paused.has(id)) },
  ];
  resume([{ partitions } = { partitions: [] }]: { partitions: number[] }[]): void {
    for (const id of partitions) this.#paused.delete(id);
    this.poke();
  }

  async commitOffsets([given]: { partition: number; offset: string }[]): Promise<void> {
    const { topic } = this;
    const { partition, offset } = given!;
    const life = `${this.process} ${this.memberId} ${partition} ${this.#generation} ${topic.topicId}`;
    const topicId = this.#topicIds.get(partition);
    const floor = this.#floors.get(partition) ?? 0;
    for (let attempt = 1; ; attempt += 1) {
      await this.#wait();
      if (!this.#running) return;
      const member = topic.members.includes(this) && this.#generation === topic.generation && !this.stalled;
      // Nothing tells a commit of the old topic from one of the new topic. The broker refuses it while there is no
      // topic of the name.
      if (member && topic.topicId === topicId && !topic.world.faults.commitsFail) {
        topic.commit(partition, Number(offset));
        topic.world.committed(life, partition, Number(offset), floor);
        return;
      }
      if (attempt === ATTEMPTS) throw new Error('simulated: the commit is refused');
      await topic.world.clock.sleep(RETRY_MS);
    }
  }

  /**
   * Takes the partitions of a new generation of the group. A member id that is not known yet makes the consumer a new
   * member.
   */
  assign(partitions: readonly number[]): void {
    if (!this.isAlive) return;
    const { topic } = this;
    const kept = new Set(this.#known === this.memberId ? partitions.filter((id) => this.#positions.has(id)) : []);
    for (const id of topic.logs.keys()) {
      if (kept.has(id)) continue;
      this.#topicIds.set(id, topic.topicId);
      this.#floors.set(id, topic.offsets[id]!);
    }
    topic.world.assigned(this.process, new Set(partitions), kept);
    this.#known = this.memberId;
    this.#generation = topic.generation;
    const start = (id: number): number =>
      topic.offsets[id]! > 0 || this.#fromBeginning ? topic.offsets[id]! : topic.logs[id]!.length;
    this.#positions = new Map(partitions.map((id) => [id, start(id)]));
    this.#emit(this.events.GROUP_JOIN, {
      memberId: this.memberId,
      memberAssignment: { [topic.name]: [...partitions] },
    });
    this.#joined();
    this.poke();
  }

  lost(fetchFails: boolean): void {
    this.#fetchFails ||= fetchFails;
    this.#floors.clear();
    // The positions are out of range, which takes the consumer to the beginning.
    for (const id of this.#positions.keys()) this.#positions.set(id, 0);
    this.poke();
  }
  crash(): void {
    this.#emit(this.events.CRASH, { error: new Error('simulated: crashed') });
  }
  /** Ends the consumer's session. Others have its partitions, until it comes again as another member. */
  evict(): void {
    if (!this.isMember) return;
    this.topic.leave(this);
    setTimeout(() => {
      if (this.isAlive && !this.topic.members.includes(this)) this.topic.join(this);
    }, this.topic.world.delay() * 20);
  }

  poke(): void {
    if (this.#fetching || !this.isAlive || (!this.#fetchFails && this.#fetchable().length === 0)) return;
    this.#fetching = true;
    setTimeout(() => {
      this.#fetching = false;
      if (!this.isAlive) return;
      this.#emit(this.events.FETCH_START, { nodeId: 1 });
      // A fetch that fails is tried again as in kafkajs, which says so by starting once more.
      if (!this.#fetchFails) this.#deliver();
      this.poke();
    }, 1 + this.topic.world.delay());
  }

  #fetchable(): number[] {
    return [...this.#positions]
      .filter(([id, position]) => !this.#paused.has(id) && position < this.topic.logs[id]!.length)
      .map(([id]) => id);
  }

  #deliver(): void {
    const { topic } = this;
    this.#emit(this.events.FETCH, { nodeId: 1 });
    for (const partition of this.#fetchable()) {
      this.#topicIds.set(partition, topic.topicId);
      const log = topic.logs[partition]!;
      const from = this.#positions.get(partition)!;
      const recs = log.slice(from, from + FETCHED);
      const last = recs.at(-1)!.offset;
      const batch = {
        topic: topic.name,
        partition,
        highWatermark: String(log.length),
        lastOffset: () => String(last),
        messages: recs.map(({ offset, value, timestamp, number }) => ({
          offset: String(offset),
          key: Buffer.from(`key-${number}`),
          value,
          timestamp: String(timestamp),
          headers: { number: Buffer.from(String(number)) },
        })),
      };
      void this.#eachBatch({
        batch,
        resolveOffset: () => {
          this.#positions.set(partition, last + 1);
          for (const rec of recs) topic.world.gave(this.process, rec);
        },
        pause: () => this.#paused.add(partition),
      });
    }
  }

  #beat(): void {
    setTimeout(() => {
      if (!this.isAlive) return;
      this.#emit(this.events.HEARTBEAT, {});
      this.#beat();
    }, HEARTBEAT_MS);
  }

  async #wait(): Promise<void> {
    if (this.topic.world.isDead(this.process)) await never();
    await this.topic.world.clock.sleep(this.topic.world.delay());
    if (this.topic.world.isDead(this.process)) await never();
  }

  asKafkajs(): Consumer {
    return this as unknown as Consumer;
  }
}
