/**
 * A simulated Temporal exists in memory. It has one open run a workflow id, answers lists once, and fails starts as the
 * faults say.
 */
import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowFailedError } from '@temporalio/client';
import type { SliceList } from '../../src/domain/intake/list.js';
import { never } from './faults.js';
import type { Owner, Run, TemporalWorld } from './temporal-world.js';

/** Codes of gRPC. */
const status = { INVALID_ARGUMENT: 3, DEADLINE_EXCEEDED: 4, UNAVAILABLE: 14 };
const error = (code: number, details: string): Error => Object.assign(new Error(details), { code, details });
const unavailable = () => error(status.UNAVAILABLE, 'simulated: away');

export class SimulatedTemporal {
  readonly runs: Run[] = [];
  readonly #latest = new Map<string, Run>();
  /** Event ids whose list has its verdict. */
  readonly answered = new Set<string>();
  /** Event ids in the order in which a run with them was first taken. */
  readonly taken = new Map<string, number>();
  /** How often a run with a list was taken, and how often its answer was lost, by event id. */
  readonly times = new Map<string, { taken: number; lost: number }>();
  /** Event ids that were refused for good. */
  readonly refused = new Set<string>();
  /** Event ids that were refused when everything was, with the number of runs there had been. */
  readonly refusedAll = new Map<string, number>();
  readonly #taken = new Set<string>();
  readonly #inputs = new Map<string, { readonly lists: SliceList[] }>();
  readonly #hashes = new Map<string, string>();
  /** Starts of a process that were tried already, by hash. */
  readonly #tried = new Set<string>();

  constructor(
    private readonly world: TemporalWorld,
    private readonly topic: string,
  ) {}

  get open(): readonly Run[] {
    return [...this.#latest.values()].filter(({ state }) => state === 'open');
  }

  client(process: number): Client {
    let deadline = Infinity;
    const { world } = this;
    /**
     * Makes a call: the way there, what the server does, the way back. Nothing comes back to a process that was killed.
     */
    const call = async <T>(serve: () => T): Promise<T> => {
      const until = deadline;
      await world.clock.sleep(world.delay());
      if (world.faults.temporal === 'silent') {
        await world.clock.sleep(Math.max(0, until - world.clock.now));
        throw error(status.DEADLINE_EXCEEDED, 'simulated: no answer');
      }
      if (world.faults.temporal === 'down') throw unavailable();
      try {
        const value = serve();
        await world.clock.sleep(world.delay());
        return value;
      } finally {
        if (world.isDead(process)) await never();
      }
    };
    const client = {
      withDeadline: <T>(at: number, fn: () => Promise<T>): Promise<T> => {
        deadline = at;
        try {
          return fn();
        } finally {
          deadline = Infinity;
        }
      },
      workflow: {
        start: async (_type: string, options: StartOptions) => {
          const { partition, lists, hash } = this.#parse(options);
          const owner = world.ownerOf(process, partition);
          this.#checkBreaker(process, hash, lists);
          if (!world.isDead(process) && !world.mayStart(process, partition)) {
            world.violations.push(`process ${process} starts a slice of partition ${partition}, which it has not got`);
          }
          const { run, lost } = await call(() => {
            const taken = this.#take(options.workflowId, partition, lists, hash, owner);
            if (world.faults.lostAnswers === 0) return { run: taken, lost: false };
            world.faults.lostAnswers -= 1;
            for (const { event_id } of lists) this.times.get(event_id)!.lost += 1;
            return { run: taken, lost: true };
          });
          if (lost) throw unavailable();
          run.acknowledged = true;
          this.#tried.delete(`${process} ${hash}`);
          return { firstExecutionRunId: run.id };
        },
        getHandle: (workflowId: string, runId?: string) => ({
          describe: () =>
            call(() => {
              const run = this.#latest.get(workflowId)!;
              const name = { open: 'RUNNING', completed: 'COMPLETED', failed: 'FAILED' }[run.state];
              return { status: { name }, memo: { slice_sha256: run.hash }, runId: run.id };
            }),
          result: async () => {
            const until = deadline;
            const run = await call(() =>
              runId === undefined ? this.#latest.get(workflowId)! : this.runs.find(({ id }) => id === runId)!,
            );
            if (run.state === 'open') {
              const late = world.clock.sleep(Math.max(0, until - world.clock.now));
              const ended = new Promise<void>((resolve) => run.ended.push(resolve));
              await Promise.race([late, ended]);
              if (world.isDead(process)) await never();
              if (world.faults.temporal === 'down') throw unavailable();
              if (!this.#hasEnded(run)) throw error(status.DEADLINE_EXCEEDED, 'simulated: it runs on');
            }
            if (run.state === 'failed') throw new WorkflowFailedError('simulated', new Error('by force'), 0 as never);
            return {
              lists: run.recs.length,
              invalid: run.invalid.map((list) => ({ list, reason: `payload.intents[0]: ${run.id}/${list}` })),
            };
          },
        }),
      },
    };
    return client as unknown as Client;
  }

  /** Ends the open runs by force, when `failsAfter` of their lists are answered. */
  endByForce(failsAfter: number): void {
    for (const run of this.open) this.#end(run, failsAfter);
  }

  /** Returns whether Temporal has taken the list, as one of the partition. */
  has(partition: number, eventId: string): boolean {
    return this.#taken.has(`${partition} ${eventId}`);
  }

  #hasEnded({ state }: Run): boolean {
    return state !== 'open';
  }

  #parse({ args: [given], workflowId, memo }: StartOptions) {
    const hash = memo.slice_sha256;
    const { data } = given.payload;
    // Most starts that fail are tried again word for word, so that their lists are parsed once.
    const key = `${hash} ${data.length}`;
    const { lists } = this.#inputs.get(key) ?? (JSON.parse(Buffer.from(data).toString()) as { lists: SliceList[] });
    this.#inputs.set(key, { lists });
    const partition = Number(workflowId.split('/').at(-1));
    const { violations } = this.world;
    if (workflowId !== `intake/${this.topic}/${partition}`) violations.push(`workflow id ${workflowId}`);
    const content = `${workflowId} ${lists.map(({ event_id }) => event_id).join(' ')}`;
    if ((this.#hashes.get(hash) ?? content) !== content) violations.push(`one hash for two slices: ${content}`);
    this.#hashes.set(hash, content);
    return { partition, lists, hash };
  }

  /** Checks that no start is first made while the breaker is open. Later attempts of a start go on meanwhile. */
  #checkBreaker(process: number, hash: string, lists: readonly SliceList[]): void {
    const attempt = `${process} ${hash}`;
    if (this.world.faults.breakerOpen && lists.length > 0 && !this.#tried.has(attempt)) {
      this.world.violations.push('a slice was started while the stores take nothing');
    }
    this.#tried.add(attempt);
  }

  #take(workflowId: string, partition: number, lists: readonly SliceList[], hash: string, owner: Owner): Run {
    const { faults, violations } = this.world;
    const ids = lists.map(({ event_id }) => event_id);
    const open = this.#latest.get(workflowId);
    if (faults.temporal === 'refuses') {
      for (const id of ids) this.refusedAll.set(id, this.runs.length);
      throw error(status.INVALID_ARGUMENT, 'simulated: refused');
    }
    const recs = ids.map((id) => this.world.recsOf(id));
    if (recs.some(([rec]) => rec?.kind === 'refused')) {
      for (const id of ids) this.refused.add(id);
      throw error(status.INVALID_ARGUMENT, 'simulated: refused');
    }
    if (open?.state === 'open') throw new WorkflowExecutionAlreadyStartedError('', workflowId, '');
    const run: Run = {
      id: `run-${this.runs.length}`,
      partition,
      hash,
      recs,
      fate: this.world.fate(),
      owner,
      acknowledged: false,
      state: 'open',
      invalid: [],
      ended: [],
    };
    lists.forEach((list, index) => {
      const id = list.event_id;
      const of = recs[index]!.filter((rec) => rec.partition === partition);
      if (!of.some(({ timestamp }) => list.emitted_at === new Date(timestamp).toISOString())) {
        violations.push(`${id} runs as a list of partition ${partition} emitted at ${list.emitted_at}`);
      }
      this.#taken.add(`${partition} ${id}`);
      if (!this.taken.has(id)) this.taken.set(id, this.taken.size);
      const times = this.times.get(id) ?? { taken: 0, lost: 0 };
      times.taken += 1;
      this.times.set(id, times);
    });
    this.runs.push(run);
    this.#latest.set(workflowId, run);
    this.world.changed();
    setTimeout(() => {
      this.#end(run, run.fate.failsAfter);
    }, run.fate.ms);
    return run;
  }

  #end(run: Run, failsAfter: number | null): void {
    if (run.state !== 'open') return;
    run.state = failsAfter === null ? 'completed' : 'failed';
    run.recs.slice(0, failsAfter ?? run.recs.length).forEach(([rec], number) => {
      if (this.answered.has(rec!.eventId!)) return;
      this.answered.add(rec!.eventId!);
      if (rec!.kind === 'invalid') run.invalid.push(number);
    });
    this.world.changed();
    for (const ended of run.ended) ended();
  }
}

interface StartOptions {
  readonly args: readonly [{ readonly payload: { readonly data: Uint8Array } }];
  readonly workflowId: string;
  readonly memo: { readonly slice_sha256: string };
}
