/**
 * The client is what an orchestrator imports: it hands a list of intents to the service and gets the report back.
 *
 * @example
 * const client = await StoreEffectClient.connect();
 * const report = await client.executeIntents(intents, { requestId: 'reduction-42' });
 */
import { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import type { Progress } from '../../workflows/execution/progress.js';
import { payloadSettings, readAddress, temporalSettings } from '../config.js';
import { asWritten } from '../domain/intake/list.js';
import { guid } from '../domain/intents/fields.js';
import { shown } from '../domain/values/json.js';
import { RequestError, type RequestInput } from '../domain/execution/request.js';
import { dataConverterOf } from '../payloads/data-converter.js';
import { connect, lazyConnection } from '../temporal/connect.js';
import { AwaitedVerdicts } from './awaited-verdicts.js';
import { type CredentialOptions, credentialsOf } from './credentials.js';
import { type KafkaOptions, usableKafka } from './kafka.js';
import { type EmittedList, ListEmitter } from './list-emitter.js';
import { RecoveredStatesWalk, type RecoverOptions } from './recovered-states.js';
import { Lists, SHARES } from './sharing/lists.js';
import type { StartedExecution } from './start-execution.js';
import type { EmittedListReport, ExecuteOptions, Intent, IntentsReport, OrNull, Share } from './types.js';
import { VerdictQuestions } from './verdict-questions.js';

/** These options name the servers; what they leave out comes from the environment. */
export interface ConnectOptions extends CredentialOptions {
  /** The address of the Temporal server, `host:port`; default: TEMPORAL_ADDRESS, the profile's, `localhost:7233`. */
  readonly address?: string | undefined;
  /** The Temporal namespace; default: TEMPORAL_NAMESPACE, the profile's, `default`. */
  readonly namespace?: string | undefined;
  /** The profile of Temporal's configuration file; default: TEMPORAL_PROFILE. */
  readonly profile?: string | undefined;
  /** The task queue that the service's workers poll; default: TEMPORAL_TASK_QUEUE, else `bridge-store-effect`. */
  readonly taskQueue?: string | undefined;
  /** Milliseconds that a started list may wait for a worker; default 120,000. `Infinity` waits for ever. */
  readonly workerTimeoutMs?: number;
  /** The data converter of Temporal's client; default: one that encrypts with the keys of PAYLOAD_KEYS_FILE. */
  readonly dataConverter?: DataConverter | undefined;
  /** Whether lists that wait may share an execution (ADR 0038); default `auto`. */
  readonly share?: Share | undefined;
  /** The options of Kafka, for `emitIntents` only. */
  readonly kafka?: KafkaOptions;
}

/** These options bound how long, and for which run, the result of an emitted list is awaited. */
export interface AwaitOptions {
  /**
   * Milliseconds; default 300,000. However short, the service is asked once, which takes 5 s at most, and up to 10 s
   * more behind an open question. `Infinity` waits for 24 days.
   */
  readonly timeoutMs?: number;
  /** The report of an earlier run, for a list that was emitted again: the report of a later run is waited for. */
  readonly after?: Pick<EmittedListReport, 'rerun_at'> | undefined;
}

/** Milliseconds a result is waited for unless the caller says otherwise. */
const RESULT_MS = 300_000;
/**
 * Milliseconds a started list may wait for a worker. A single worker that is replaced is gone for a minute, 55 s of
 * which it drains; this is twice as long.
 */
const WORKER_MS = 120_000;

/** The client hands lists of intents to the service's workers, by Temporal or by Kafka, and returns their reports. */
export class StoreEffectClient {
  readonly #emitter: ListEmitter | undefined;
  readonly #verdicts: AwaitedVerdicts;
  readonly #lists: Lists;

  /**
   * @param client of `@temporalio/client`; `close` closes its connection.
   * @param taskQueue that the service's workers poll.
   * @param kafka for `emitIntents` only.
   * @param asking asks for verdicts; default: `client`. `close` closes its connection too.
   * @param workerTimeoutMs as the option of `connect`.
   * @param share as the option of `connect`.
   * @throws TypeError for another `share`.
   */
  constructor(
    private readonly client: Client,
    taskQueue = 'bridge-store-effect',
    kafka?: KafkaOptions,
    private readonly asking: Client = client,
    workerTimeoutMs = WORKER_MS,
    private readonly share: Share = 'auto',
  ) {
    if (!SHARES.includes(share)) throw new TypeError(`share: expected auto or never, got ${shown(share)}`);
    this.#emitter = kafka === undefined ? undefined : new ListEmitter(usableKafka(kafka));
    const questions = new VerdictQuestions(asking, taskQueue);
    this.#verdicts = new AwaitedVerdicts(questions);
    this.#lists = new Lists(client, taskQueue, workerTimeoutMs, questions);
  }

  /** @throws ConfigError for an option that cannot be used; EffectError when Temporal is not reached within 10 s. */
  static async connect(options: ConnectOptions = {}): Promise<StoreEffectClient> {
    const { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, ...settings } = temporalSettings(undefined, options.profile);
    const { namespace = TEMPORAL_NAMESPACE, taskQueue = settings.TEMPORAL_TASK_QUEUE, workerTimeoutMs } = options;
    const address = readAddress('address', options.address ?? TEMPORAL_ADDRESS ?? 'localhost:7233');
    const server = { address, namespace, ui: null, ...credentialsOf(options, settings.temporal) };
    // Options that cannot be used are refused before anything is opened.
    if (options.kafka !== undefined) usableKafka(options.kafka);
    const dataConverter = options.dataConverter ?? dataConverterOf(payloadSettings());
    const own = { namespace, dataConverter };
    const client = new Client({ connection: await connect(server, {}), ...own });
    // The SDK's attempts are off: an attempt due after the close would end the process. Questions are repeated anyway.
    const asking = new Client({ connection: await lazyConnection(server, { interceptors: [] }), ...own });
    return new StoreEffectClient(client, taskQueue, options.kafka, asking, workerTimeoutMs, options.share);
  }

  /** Closes the connections to Temporal and Kafka; an `awaitResult` that still waits is rejected with ClosedError. */
  async close(): Promise<void> {
    this.#verdicts.close();
    await this.#emitter?.close();
    await Promise.all([...new Set([this.client, this.asking])].map(({ connection }) => connection.close()));
  }

  /**
   * Executes a list and waits for its report, which a list that failed fast or was cancelled has too.
   * @throws LimitError over the limits; RefusedError for a wrong request; RequestConflictError; ExecutionError when the
   * execution was terminated or timed out. NoWorkerError when no worker takes it within `workerTimeoutMs`.
   */
  async executeIntents(intents: readonly Intent[], options?: OrNull<ExecuteOptions>): Promise<IntentsReport> {
    return this.#lists.execute(requestFor(intents, options), this.#shareOf(options));
  }

  /**
   * Starts a list. The request id of an execution that runs or has completed gives that one. Any other list is executed
   * again: what has succeeded is `repeated` (ADR 0032).
   * @throws LimitError, RequestError before anything starts; RequestConflictError: another list has this request id.
   */
  async start(intents: readonly Intent[], options?: OrNull<ExecuteOptions>): Promise<StartedExecution> {
    return this.#lists.start(requestFor(intents, options), this.#shareOf(options));
  }

  /**
   * Puts a list on the INTENT_EMITTED topic instead of starting it: the intake executes it and answers with
   * INTENT_RESULT. The same list under the same request id is the same event, however often it is emitted.
   * @throws LimitError, RequestError before anything is sent; TypeError without brokers; EffectError when no broker
   * takes it.
   */
  async emitIntents(intents: readonly Intent[], options?: OrNull<ExecuteOptions>): Promise<EmittedList> {
    if (this.#emitter === undefined)
      throw new TypeError('kafka: expected the brokers to emit to, got undefined; they are an option of connect()');
    const [emitted] = await this.#emitter.emit([requestFor(intents, options)]);
    if (emitted === undefined) throw new Error('the list was not emitted');
    return emitted;
  }

  /**
   * Waits for the result of an emitted list, also of one that was answered long ago, as long as its verdict is kept. It
   * asks the service, so it needs no brokers; a stored verdict comes about a second later at most.
   * @param eventId of `emitIntents`, or of whatever envelope, in any case. The report has it as it is written here.
   * @throws TypeError for an id that is no UUID, or a time that is no number; ClosedError when the client is closed
   * meanwhile; ResultTimeoutError. Its `cause` says why the service could not be asked.
   */
  async awaitResult(eventId: string, options?: OrNull<AwaitOptions>): Promise<EmittedListReport> {
    const timeoutMs: unknown = options?.timeoutMs ?? RESULT_MS;
    // A timer takes whatever is no number for a millisecond.
    if (typeof timeoutMs !== 'number' || Number.isNaN(timeoutMs))
      throw new TypeError(`timeoutMs: expected a number of milliseconds, got ${shown(timeoutMs)}`);
    const id = guid.safeParse(eventId);
    // The service refuses a whole question for one invalid id, and all callers share a question.
    if (!id.success) throw new TypeError(`eventId: expected a UUID, got ${shown(eventId)}`);
    const verdict = (await this.#verdicts.result(id.data, timeoutMs, options?.after ?? undefined)) as EmittedListReport;
    return asWritten(verdict, eventId);
  }

  /**
   * Starts a list as `start` does, from a request on the wire: `{intents, request_id?, correlation_id?, options?}`.
   * @throws as `start`.
   */
  async startRequest(request: RequestInput): Promise<StartedExecution> {
    return this.#lists.start(request, this.share);
  }

  /**
   * Waits for the report of an execution's latest run.
   * @throws ExecutionError when it has no report: terminated, timed out, or cancelled and no worker is there to ask.
   * NoWorkerError when no worker takes it within `workerTimeoutMs`. It stays queued, and may be waited for again.
   */
  async result(workflowId: string): Promise<IntentsReport> {
    return this.#lists.report(workflowId);
  }

  /**
   * Walks the FSM states of all workflows.
   * @example
   * for await (const { workflow_id, current_state } of client.recoverFsmStates()) restore(workflow_id, current_state);
   */
  recoverFsmStates(options?: OrNull<RecoverOptions>): RecoveredStatesWalk {
    return new RecoveredStatesWalk((intents, how) => this.executeIntents(intents, how), options ?? {});
  }

  /** Returns how far an execution is; null before its list is planned. */
  async progress(workflowId: string): Promise<Progress | null> {
    return this.#lists.progress(workflowId);
  }

  /** Asks an execution to stop at the next batch boundary; its report says what ran and what did not. */
  async cancel(workflowId: string): Promise<void> {
    await this.#lists.cancel(workflowId);
  }

  /** @throws RequestError for another value than those of `Share`. */
  #shareOf(options: OrNull<ExecuteOptions> | undefined): Share {
    const share = options?.share ?? this.share;
    if (SHARES.includes(share)) return share;
    throw new RequestError(`share: expected auto or never, got ${shown(share)}`);
  }
}

/** Returns a request as it stands on the wire. */
function requestFor(intents: readonly Intent[], given: OrNull<ExecuteOptions> | undefined): RequestInput {
  const { requestId: request_id, correlationId: correlation_id, share: _, ...options } = given ?? {};
  return { intents: intents as unknown[], request_id, correlation_id, options };
}
