/** This module has a topic and its consumer group in memory. */
import type { Faults } from './faults.js';
import type { Rec } from './records.js';
import type { SimulatedConsumer } from './simulated-consumer.js';
import type { VirtualClock } from './virtual-clock.js';

export interface KafkaWorld {
  readonly clock: VirtualClock;
  readonly faults: Faults;
  delay(): number;
  isDead(process: number): boolean;
  /** Is called when a consumer has read a message for good. */
  gave(process: number, rec: Rec): void;
  /**
   * @param life names the member between two joins. A commit that another life made before, and that is tried again,
   * may take the offset back.
   * @param floor the offset that was committed when the life began.
   */
  committed(life: string, partition: number, offset: number, floor: number): void;
  /**
   * Is called when a member gets these partitions. Its partition workers, but those of the kept partitions, have
   * nothing buffered any more.
   */
  assigned(process: number, partitions: ReadonlySet<number>, kept: ReadonlySet<number>): void;
}

const SESSION_MS = 30_000;
/** The most messages of a fetch. They are few, so that lists come in several fetches. */
export const FETCHED = 7;

export class SimulatedTopic {
  logs: Rec[][];
  offsets: number[];
  /** The number of the topic; each topic of the name has another one. */
  topicId = 0;
  members: SimulatedConsumer[] = [];
  generation = 0;
  /** All consumers that ever joined. One that was expelled reads on until it hears of that. */
  readonly #readers = new Set<SimulatedConsumer>();
  /** The highest offset that was committed, by partition. */
  readonly #highest = new Map<number, number>();
  readonly #setBack = new Set<number>();
  #joined = 0;

  constructor(
    readonly world: KafkaWorld,
    readonly name: string,
    readonly partitions: number,
  ) {
    this.logs = Array.from({ length: partitions }, () => []);
    this.offsets = Array.from({ length: partitions }, () => 0);
  }

  append(rec: Rec): void {
    this.logs[rec.partition]!.push(rec);
    for (const member of this.members) member.poke();
  }

  /**
   * Takes an offset as it comes. A late commit of a member that has lost the partition sets the offset of the group
   * back.
   */
  commit(partition: number, offset: number): void {
    const highest = Math.max(offset, this.#highest.get(partition) ?? 0);
    this.#highest.set(partition, highest);
    if (offset + FETCHED <= highest) this.#setBack.add(partition);
    this.offsets[partition] = offset;
  }

  /** Returns whether the group's offset was once set back by a whole fetch, as by a topic that was created again. */
  isSetBack(partition: number): boolean {
    return this.#setBack.has(partition);
  }

  /** Deletes the topic, and creates it under its name. The group's offsets go with it. */
  createAgain(fetchFails: boolean): void {
    this.topicId += 1;
    this.logs = this.logs.map(() => []);
    this.offsets = this.offsets.map(() => 0);
    for (const reader of this.#readers) reader.lost(fetchFails);
  }

  join(consumer: SimulatedConsumer): void {
    this.#joined += 1;
    consumer.memberId = `member-${this.#joined}`;
    this.members.push(consumer);
    this.#readers.add(consumer);
    this.rebalance();
  }

  leave(consumer: SimulatedConsumer): void {
    if (!this.members.includes(consumer)) return;
    this.members = this.members.filter((member) => member !== consumer);
    this.rebalance();
  }

  /** Takes a consumer out of the group when the coordinator has not heard of it for too long. */
  expire(consumer: SimulatedConsumer): void {
    setTimeout(() => {
      if (!consumer.isAlive) this.leave(consumer);
    }, SESSION_MS);
  }

  /**
   * Assigns the partitions anew. Each member hears of it at a time of its own, and until then goes on with what it had.
   */
  rebalance(): void {
    this.generation += 1;
    const { generation, members } = this;
    members.forEach((member, index) => {
      const partitions = [...this.logs.keys()].filter((id) => (id + generation) % members.length === index);
      setTimeout(() => {
        if (this.generation === generation) member.assign(partitions);
      }, this.world.delay() * 10);
    });
  }
}
