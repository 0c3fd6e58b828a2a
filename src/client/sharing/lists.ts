/** This module starts the lists of a client's callers, alone or together. It knows which execution has each list. */
import { randomUUID } from 'node:crypto';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Progress } from '../../../workflows/execution/progress.js';
import { ATTRIBUTE_BYTES, attributeBytes, requestIds } from '../../domain/execution/search-attributes.js';
import type { RequestInput } from '../../domain/execution/request.js';
import { summaryOf } from '../../domain/execution/summary.js';
import { SLICE_BYTES, SLICE_INTENTS } from '../../domain/intake/slice.js';
import { CANCEL_LIST_SIGNAL, EXECUTE_LISTS, FRESH_MEMO } from '../../domain/sharing/shared-list.js';
import { counted } from '../../domain/intents/definition.js';
import { DEFAULT_LIMITS, jsonBytes } from '../../domain/values/limits.js';
import { findShared, isRefusedStart } from '../../temporal/inspect.js';
import { NoWorkerError, RequestConflictError } from '../errors.js';
import { readList, type StartableList, type StartedExecution, startExecution } from '../start-execution.js';
import type { IntentsReport, Share } from '../types.js';
import type { VerdictQuestions } from '../verdict-questions.js';
import { SharedExecution } from './shared-execution.js';
import { reportOfList } from './shared-report.js';
import { type Queued, ShareQueue, type Size } from './share-queue.js';

export const SHARES: readonly Share[] = ['auto', 'never'];

/**
 * The executions of one client that run before lists wait. Two callers are as fast as alone; with more, throughput
 * counts, and that is by lists an execution.
 */
const SLOTS = 2;
/** Milliseconds after which an execution keeps no slot. A list waits no longer than that for a slot. */
const SLOT_MS = { least: 1_000, most: 10_000 };
/** The limits of an execution are those of a slice: a list over one of them has an execution of its own. */
const LIMITS: Size = {
  intents: SLICE_INTENTS,
  bytes: SLICE_BYTES,
  idBytes: ATTRIBUTE_BYTES,
  pages: DEFAULT_LIMITS.pages,
};
/** The most lists that are remembered, to be found without a question. */
const REMEMBERED = 10_000;

/** A list in the queue. */
interface WaitingList extends Queued {
  readonly list: StartableList;
  readonly resolve: (started: StartedExecution) => void;
  readonly reject: (error: unknown) => void;
}

/** A list that waits, or that a shared execution of this client has. */
interface KnownList {
  readonly hash: string;
  readonly started: Promise<StartedExecution>;
  shared: SharedExecution | null;
}

export class Lists {
  readonly #known = new Map<string, KnownList>();
  readonly #queue: ShareQueue<WaitingList>;

  constructor(
    private readonly client: Client,
    private readonly taskQueue: string,
    private readonly workerTimeoutMs: number,
    private readonly questions: VerdictQuestions,
  ) {
    this.#queue = new ShareQueue({
      start: (waiting) => this.#startAll(waiting),
      limits: LIMITS,
      slots: SLOTS,
      slotMs: SLOT_MS,
    });
  }

  /** Starts a list and waits for its report. @throws as `StoreEffectClient.executeIntents`. */
  async execute(request: RequestInput, share: Share): Promise<IntentsReport> {
    let end = (): void => undefined;
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    try {
      const { requestId } = await this.start(request, share, over);
      return await this.report(requestId);
    } finally {
      end();
    }
  }

  /** @param over as of `Queued`. @throws as `StoreEffectClient.start`. */
  async start(
    request: RequestInput,
    share: Share,
    over: Promise<unknown> = Promise.resolve(),
  ): Promise<StartedExecution> {
    const list = readList(request);
    const { requestId, hash } = list;
    const known = this.#known.get(requestId);
    if (known !== undefined) {
      if (known.hash !== hash) throw new RequestConflictError(requestId);
      return { ...(await known.started), started: false };
    }
    if (share === 'never') return startExecution(this.client, this.taskQueue, list);
    const started = new Promise<StartedExecution>((resolve, reject) => {
      this.#queue.add({ list, size: sizeOf(list), over, resolve, reject });
    });
    this.#remember(requestId, { hash, started, shared: null });
    // Temporal knows a list with an execution of its own.
    const forget = (): void => {
      if (this.#known.get(requestId)?.shared === null) this.#known.delete(requestId);
    };
    started.then(forget, forget);
    return started;
  }

  /** Waits for the report of a list. @throws as `StoreEffectClient.result`. */
  async report(id: string): Promise<IntentsReport> {
    const shared = this.#known.get(id)?.shared ?? null;
    // A list that is unfinished may be run again, by anybody.
    const forget = (): void => {
      if (shared !== null && this.#known.get(id)?.shared === shared) this.#known.delete(id);
    };
    try {
      const report = await reportOfList(this, id, shared);
      if (report.outcome !== 'completed') forget();
      return report;
    } catch (error) {
      // A list without a worker is still there.
      if (!(error instanceof NoWorkerError)) forget();
      throw error;
    }
  }

  async progress(id: string): Promise<Progress | null> {
    const shared = this.#known.get(id)?.shared?.workflowId;
    const of = (workflowId: string) =>
      this.client.workflow.getHandle(workflowId).query<Progress | null, [string]>('progress', id);
    return shared === undefined ? this.#either(id, of, of) : of(shared);
  }

  async cancel(id: string): Promise<void> {
    const { workflow } = this.client;
    const own = async (workflowId: string): Promise<void> => {
      await workflow.getHandle(workflowId).cancel();
    };
    const shared = async (workflowId: string): Promise<void> =>
      workflow.getHandle(workflowId).signal<[string]>(CANCEL_LIST_SIGNAL, id);
    const known = this.#known.get(id)?.shared?.workflowId;
    if (known === undefined) return this.#either(id, own, shared);
    // A list that had to leave its neighbours has an execution of its own.
    await Promise.all([own(id).catch(unlessNotFound), shared(known).catch(unlessNotFound)]);
  }

  /** Returns the shared execution that has a list, whoever started it; null when there is no such execution. */
  async sharedWith(id: string): Promise<SharedExecution | null> {
    const workflowId = await findShared(this.client, this.taskQueue, id);
    return workflowId === null ? null : this.shared(workflowId);
  }

  shared(workflowId: string): SharedExecution {
    return new SharedExecution(this.client, workflowId, this.workerTimeoutMs);
  }

  /** The connection and the questions of `reportOfList`. */
  get asked(): { readonly client: Client; readonly workerTimeoutMs: number; readonly questions: VerdictQuestions } {
    return { client: this.client, workerTimeoutMs: this.workerTimeoutMs, questions: this.questions };
  }

  /** Asks the execution of a list: its own, or the shared one where there is none. */
  async #either<T>(
    id: string,
    own: (workflowId: string) => Promise<T>,
    shared: (workflowId: string) => Promise<T>,
  ): Promise<T> {
    try {
      return await own(id);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      const workflowId = await findShared(this.client, this.taskQueue, id);
      if (workflowId === null) throw error;
      return shared(workflowId);
    }
  }

  async #startAll(waiting: readonly WaitingList[]): Promise<void> {
    const [only] = waiting;
    if (only === undefined) return;
    if (waiting.length === 1) return this.#startAlone(only);
    const lists = waiting.map(({ list }) => list);
    const workflowId = `lists-${randomUUID()}`;
    try {
      await this.client.workflow.start<(input: unknown) => Promise<unknown>>(EXECUTE_LISTS, {
        args: [{ lists: lists.map(({ input }) => input) }],
        taskQueue: this.taskQueue,
        workflowId,
        memo: {
          request_sha256: Object.fromEntries(lists.map(({ requestId, hash }) => [requestId, hash])),
          ...(lists.every(({ fresh }) => fresh) ? { [FRESH_MEMO]: true } : {}),
        },
        typedSearchAttributes: [{ key: requestIds, value: lists.map(({ requestId }) => requestId) }],
        staticSummary: `${counted(lists.length, 'list')}, ${summaryOf(lists.flatMap(({ input }) => input.intents))}`,
      });
    } catch (error) {
      // A list may be taken by itself: a server that was not set up anew knows no `RequestIds`.
      if (isRefusedStart(error)) await Promise.all(waiting.map((one) => this.#startAlone(one)));
      else for (const { reject } of waiting) reject(error);
      return;
    }
    const shared = this.shared(workflowId);
    for (const { list, resolve } of waiting) {
      const known = this.#known.get(list.requestId);
      if (known !== undefined) known.shared = shared;
      resolve({ workflowId: list.requestId, requestId: list.requestId, started: true, sharedBy: workflowId });
    }
  }

  async #startAlone({ list, resolve, reject }: WaitingList): Promise<void> {
    await startExecution(this.client, this.taskQueue, list).then(resolve, reject);
  }

  #remember(requestId: string, known: KnownList): void {
    this.#known.set(requestId, known);
    for (const [oldest, { shared }] of this.#known) {
      if (this.#known.size <= REMEMBERED) break;
      if (shared !== null) this.#known.delete(oldest);
    }
  }
}

function sizeOf({ input, requestId }: StartableList): Size {
  return {
    intents: Math.max(1, input.intents.length),
    bytes: jsonBytes(input),
    idBytes: attributeBytes(requestId),
    pages: input.intents.filter(isPaged).length,
  };
}

/** Returns whether a result may be a page of states. */
const isPaged = (intent: unknown): boolean =>
  typeof intent === 'object' && intent !== null && Reflect.get(intent, 'intent_type') === 'RecoverFSMStates';

function unlessNotFound(error: unknown): void {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
}
