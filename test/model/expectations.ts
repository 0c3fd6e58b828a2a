/** The model says what must have become of every message, and when its offset may be committed. */
import type { WireMessage } from '../../src/domain/events/publisher.js';
import { rejectionOf, restored } from '../support/rejected.js';
import { carriesList, type Rec } from './records.js';
import type { Simulation } from './simulation.js';
import type { Run } from './temporal-world.js';

const mayRun = ({ kind }: Rec): boolean => carriesList(kind) && kind !== 'refused' && kind !== 'unsendable';
const name = ({ number, kind, partition, offset, topicId }: Rec): string =>
  `message ${number} (${kind}) at ${topicId}/${partition}/${offset}`;

export class Expectations {
  /** The parts of a message that does not fit one copy, by the key that they share. */
  readonly #parts = new Map<string, Map<string, WireMessage>>();
  readonly #copied = new Set<number>();
  /** The offset up to which a partition's messages were found to be in safe hands. */
  #safe = new Map<string, number>();
  readonly #committed = new Map<string, number>();

  constructor(private readonly world: Simulation) {}

  /** Takes a copy that arrives on the `.dlq` topic. */
  copied(copy: WireMessage): void {
    const { partition, offset, reason = '', form, part = '', parts } = rejectionOf(copy.headers);
    let copies = [copy];
    if (form === 'record') {
      const id = String(copy.key);
      const known = (this.#parts.get(id) ?? new Map<string, WireMessage>()).set(part, copy);
      this.#parts.set(id, known);
      if (known.size < Number(parts)) return;
      copies = [...known].sort(([one], [other]) => Number(one) - Number(other)).map(([, of]) => of);
    }
    const { value, headers } = restored(copies);
    const number = Number(headers.find(([key]) => key === 'number')?.[1]);
    const rec = this.world.records[number];
    if (rec === undefined || offset !== String(rec.offset) || partition !== String(rec.partition)) {
      this.world.violations.push(`a copy of nothing: ${String(value).slice(0, 300)}`);
      return;
    }
    if (!this.#isReason(rec, reason)) this.world.violations.push(`${name(rec)} is copied, for ${reason}`);
    const isWhole = rec.value === null ? value === null : value?.equals(rec.value) === true;
    if (!isWhole) this.world.violations.push(`${name(rec)} is copied, and is another`);
    this.#copied.add(number);
    this.world.changed();
  }

  #isReason(rec: Rec, reason: string): boolean {
    const { runs, refused, refusedAll } = this.world.temporal;
    const id = rec.eventId ?? '';
    if (!carriesList(rec.kind)) return /^(envelope|payload)/.test(reason);
    if (reason.startsWith('Temporal refused it: ')) {
      // A list is innocent only after the server took a slice without lists. Otherwise the server refuses everything.
      const refusedAt = refusedAll.get(id);
      const wasInnocent = refusedAt !== undefined && runs.slice(refusedAt).some(({ recs }) => recs.length === 0);
      return rec.kind === 'unsendable' || wasInnocent || (refused.has(id) && rec.kind === 'refused');
    }
    const [, forced] = /^slice intake\/simulated\/\d, run (run-\d+): /.exec(reason) ?? [];
    const has = (run: Run | undefined): boolean => run?.recs.some(([of]) => of?.eventId === id) === true;
    if (forced !== undefined) {
      const run = runs.find((one) => one.id === forced);
      return run?.state === 'failed' && has(run);
    }
    const [, ran, list] = /^payload.intents\[0\]: (run-\d+)\/(\d+)$/.exec(reason) ?? [];
    return runs.find((one) => one.id === ran)?.recs[Number(list)]?.[0]?.eventId === id;
  }

  /** Checks an offset that is committed. */
  committed(life: string, partition: number, offset: number, floor: number): void {
    const { topic, violations } = this.world;
    const log = topic.logs[partition]!;
    if (offset > log.length) violations.push(`offset ${offset} of ${log.length} is committed on ${partition}`);
    if (offset < (this.#committed.get(life) ?? 0))
      violations.push(`offset ${offset} is committed after ${this.#committed.get(life)} by ${life}`);
    if (offset <= floor) violations.push(`offset ${offset} is committed by ${life}, which began at ${floor}`);
    this.#committed.set(life, offset);
    const key = `${topic.topicId}/${partition}`;
    let safe = this.#safe.get(key) ?? 0;
    while (safe < offset && safe < log.length) {
      const rec = log[safe]!;
      if (!this.#isSafe(rec)) violations.push(`offset ${offset} is committed, and nobody has ${name(rec)}`);
      safe += 1;
    }
    this.#safe.set(key, safe);
  }

  #isSafe(rec: Rec): boolean {
    return this.#copied.has(rec.number) || (mayRun(rec) && this.world.temporal.has(rec.partition, rec.eventId!));
  }

  isComplete(): boolean {
    const { topic, temporal } = this.world;
    return (
      topic.logs.every((log, partition) => topic.offsets[partition] === log.length) &&
      temporal.open.length === 0 &&
      this.missing().length === 0
    );
  }

  /** Returns what should have happened by the end and has not. */
  missing(): string[] {
    const { topic, temporal, records, world } = parts(this.world);
    const missing: string[] = [];
    for (const [partition, log] of topic.logs.entries()) {
      if (topic.offsets[partition] !== log.length) {
        missing.push(`offset ${topic.offsets[partition]} of ${log.length} is committed in the end on ${partition}`);
      }
    }
    for (const run of temporal.open) missing.push(`${run.id} runs in the end`);
    const swept = new Set<string>();
    for (const run of temporal.runs) {
      const copies = run.acknowledged && world.copies(run);
      for (const number of run.state === 'failed' ? run.recs.keys() : run.invalid) {
        const of = run.recs[number]!;
        // The process that started the run makes the copy. If it cannot, the sweep finds the list that is not answered.
        if (!copies) swept.add(of[0]!.eventId!);
        else if (!of.some((rec) => this.#copied.has(rec.number))) {
          missing.push(`${name(of[0]!)} has no copy after ${run.id}, which is ${run.state}`);
        }
      }
    }
    for (const rec of records) {
      // Messages of a topic that is gone are executed all the same, if the partition worker that read them lived on.
      const mustEnd = rec.topicId === topic.topicId || rec.given.some((owner) => world.hasKept(owner, rec.partition));
      if (!mustEnd || this.#copied.has(rec.number)) continue;
      if (mayRun(rec) && (temporal.answered.has(rec.eventId!) || swept.has(rec.eventId!))) continue;
      missing.push(`${name(rec)} is lost`);
    }
    return missing;
  }

  /** Returns the lists that ran in another order than that of the partition, or more often than they were given. */
  misplaced(): string[] {
    const { records, temporal, recsOf } = parts(this.world);
    const wrong: string[] = [];
    const last = new Map<string, number>();
    for (const rec of records) {
      if (rec.eventId === null) continue;
      const all = recsOf(rec.eventId);
      const { taken, lost } = temporal.times.get(rec.eventId) ?? { taken: 0, lost: 0 };
      const given = all.reduce((sum, one) => sum + one.given.length, 0);
      if (taken > given + lost) wrong.push(`${name(rec)} was started ${taken} times, given ${given}, ${lost} lost`);
      // An envelope that is on the topic twice may run at either offset first. A refused list comes later, if it comes
      // again.
      const at = temporal.taken.get(rec.eventId);
      if (all.length > 1 || at === undefined || this.#copied.has(rec.number)) continue;
      const key = `${rec.topicId}/${rec.partition}`;
      if (at < (last.get(key) ?? -1)) wrong.push(`${name(rec)} ran after one behind it`);
      last.set(key, at);
    }
    return wrong;
  }
}

const parts = (world: Simulation) => ({
  topic: world.topic,
  temporal: world.temporal,
  records: world.records,
  recsOf: (id: string) => world.recsOf(id),
  world,
});
