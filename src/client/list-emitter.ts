/** The emitter puts lists on the INTENT_EMITTED topic, for the intake to execute. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type EventSource, makeEnvelope, type OnexEnvelopeV1, toMessage } from '../domain/events/envelope.js';
import { emittedId } from '../domain/values/ids.js';
import type { RequestInput } from '../domain/execution/request.js';
import { assertSent } from '../domain/events/publisher.js';
import { EffectError } from '../domain/failures/failure.js';
import { until } from '../flow-control/until.js';
import { isMissingTopic } from '../kafka/failures.js';
import { createPublisher, type KafkaPublisher } from '../kafka/publisher.js';
import { readRequest } from './given-request.js';
import { FreePartitions } from './free-partitions.js';
import { DEFAULT_TOPIC_PREFIX, kafkaOf, type UsableKafka } from './kafka.js';

/** An `EmittedList` names a list that is written to the intake, so that its result can be awaited. */
export interface EmittedList {
  /**
   * The event id of the envelope, which is the `causation_id` of its INTENT_RESULT. The same list under the same
   * request id has the same one.
   */
  readonly eventId: string;
  readonly requestId: string;
  readonly correlationId: string;
  readonly topic: string;
}

/** Milliseconds for which brokers may refuse for the moment: a new partition, or one that moves, has no leader then. */
const PASSING_MS = 10_000;

/** Returns whether a failure passes by itself. A topic that is missing has to be created first. */
const isPassing = (error: unknown): boolean =>
  error instanceof EffectError && error.failureClass === 'transient' && !isMissingTopic(error);

/** A list emitter connects when it first emits. */
export class ListEmitter {
  readonly #publisher: KafkaPublisher;
  readonly #source: EventSource;
  readonly #freePartitions = new FreePartitions();

  constructor(options: UsableKafka) {
    const {
      topicPrefix = DEFAULT_TOPIC_PREFIX,
      environment = 'development',
      region = 'local',
      compression = 'none',
    } = options;
    const sourceInstance = hostname();
    this.#source = { topicPrefix, sourceInstance, environment, region };
    this.#publisher = createPublisher(kafkaOf(options), { compression });
  }

  /**
   * Emits lists, those of one correlation id in their order. Resolves when all replicas have them all.
   * A refusal that passes is met by emitting all again, for 10 s at most.
   * @throws RequestError, LimitError naming the field, before anything is sent; EffectError when a broker does not
   * confirm one. All may be on the topic then, and emitting again is safe for lists with a request id.
   */
  async emit(requests: readonly RequestInput[]): Promise<EmittedList[]> {
    const emitted = requests.map((request) => this.#envelopeOf(request));
    const messages = emitted.map(({ message }) => message);
    await until(PASSING_MS, async () => assertSent(await this.#publisher.publish(messages)), isPassing);
    return emitted.map(({ list }) => list);
  }

  async close(): Promise<void> {
    await this.#publisher.disconnect();
  }

  #envelopeOf(given: RequestInput) {
    const parsed = readRequest(given);
    const requestId = parsed.request_id ?? randomUUID();
    const correlationId = parsed.correlation_id ?? requestId;
    const payload = { intents: parsed.intents, request_id: requestId, options: parsed.options };
    const event = makeEnvelope(this.#source, {
      intentId: requestId,
      eventType: 'INTENT_EMITTED',
      timestamp: new Date().toISOString(),
      payload,
      correlationId,
    });
    // An INTENT_EMITTED is no intent's event: nothing that this service knows of caused it.
    const envelope: OnexEnvelopeV1 = { ...event, event_id: emittedId(payload), causation_id: null, metadata: {} };
    // A list that came without ids has no order. A copy that is sent under its ids later may be on another partition:
    // the ledger and the verdict know it all the same.
    const isFree = (parsed.request_id ?? parsed.correlation_id ?? null) === null;
    const message = {
      ...toMessage(this.#source.topicPrefix, envelope),
      ...(isFree ? { partition: this.#freePartitions.next(parsed.intents.length) } : {}),
    };
    return { message, list: { eventId: envelope.event_id, requestId, correlationId, topic: message.topic } };
  }
}
