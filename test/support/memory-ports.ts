/**
 * This module keeps stores in memory behind the real activities. They fail between two calls, which no server does on
 * command. They also count what reached a broker, without reading it back.
 */
import type { Ports } from '../../activities/ports.js';
import type { EffectError } from '../../src/domain/failures/failure.js';
import type { Command } from '../../src/domain/intents/command.js';
import type { NewDeadLetter } from '../../src/domain/dead-letters/port.js';
import type { LedgerRecord } from '../../src/domain/ledger/port.js';
import { orderOf, type OutboundMessage, type SendOutcome } from '../../src/domain/events/publisher.js';
import type { PersistStateFields } from '../../src/domain/intents/persist-state/store.js';
import type { PersistStatePayload } from '../../src/domain/intents/persist-state/schema.js';
import type { RecoveredStates } from '../../src/domain/intents/recover-fsm-states/schema.js';
import { repeatOf } from '../../src/domain/ledger/repeat.js';
import type { SliceList, Verdict } from '../../src/domain/intake/list.js';
import type { Answer, ParkedList, StoredVerdict } from '../../src/domain/intake/ports.js';

/** A call is named by port and method: `ledger.find`, `publisher.publish`, and so on. */
type Call = `${string}.${string}`;

export interface MemoryPorts {
  readonly ports: Ports;
  /** Messages that a topic has taken, in their order. */
  readonly sent: OutboundMessage[];
  /** Intents that had their effect, in the order of the effects. An intent that had it twice is there twice. */
  readonly effects: string[];
  readonly ledger: Map<string, LedgerRecord>;
  readonly letters: NewDeadLetter[];
  readonly verdicts: Map<string, Verdict>;
  /** List hashes of verdicts, by event id. */
  readonly hashes: Map<string, string | null>;
  readonly parked: (Partial<ParkedList> & { readonly partition: string; readonly list: SliceList })[];
  /** Order keys whose rows somebody has locked. */
  readonly held: Set<string>;
  /** Functions to run before a call of this name. A function throws what the store is to fail with. */
  readonly before: Map<Call, (...args: never[]) => unknown>;
  /** Every call of a port, in the order of the calls. */
  readonly calls: Call[];
  /** Returns why a topic does not take a message, or null when it does. */
  refuses: (message: OutboundMessage) => EffectError | null;
  /** Returns the events on a topic, without dead letters. */
  eventsOf(type: string): readonly SentEvent[];
}

interface SentEvent {
  readonly event_id: string;
  readonly causation_id?: string;
  readonly correlation_id: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** @param given replaces ports that are in memory. */
export function memoryPorts(given: Partial<Ports> = {}): MemoryPorts {
  const memory: Omit<MemoryPorts, 'ports'> = {
    sent: [],
    effects: [],
    ledger: new Map(),
    letters: [],
    verdicts: new Map(),
    hashes: new Map(),
    parked: [],
    held: new Set(),
    before: new Map(),
    calls: [],
    refuses: () => null,
    eventsOf: (type) =>
      memory.sent
        .filter(({ topic }) => topic === `p.reducer.events.${type.toLowerCase()}`)
        .map(({ value }) => JSON.parse(value) as SentEvent),
  };
  const { ledger, verdicts, hashes, letters } = memory;
  const storedOf = (id: string): [string, StoredVerdict][] =>
    entryOf(verdicts, id).map(([, verdict]) => [id, { verdict, list_hash: hashes.get(id) ?? null }]);
  const known = (ids: readonly string[]) => new Map(ids.flatMap((id) => entryOf(ledger, id)));

  const ports = {
    bridgeStates: {
      persist: (batch: readonly Command<PersistStatePayload>[]) => Promise.resolve(batch.map(persist)),
    },
    ledger: {
      find: (ids: readonly string[]) => Promise.resolve(known(ids)),
      record: (records: readonly Omit<LedgerRecord, 'settled_at'>[]) => {
        const stayed = known(records.map(({ intent_id }) => intent_id));
        for (const record of records) if (!stayed.has(record.intent_id)) settle(record);
        return Promise.resolve(stayed);
      },
      giveUp: (intents: readonly { readonly intent_id: string }[]) =>
        Promise.resolve(known(intents.map(({ intent_id }) => intent_id))),
    },
    publisher: {
      publish: (messages: readonly OutboundMessage[]) =>
        Promise.resolve(
          messages.map((message): SendOutcome => {
            const error = memory.refuses(message);
            if (error === null) memory.sent.push(message);
            return error === null ? { sent: true } : { sent: false, error };
          }),
        ),
    },
    deadLetters: {
      afterAttempts: 1,
      topicSuffix: '.dlq',
      lettersPass: false,
      maxRedrives: 10,
      store: {
        blocked: (messages: readonly OutboundMessage[]) => {
          const open = new Set(letters.map(({ message }) => orderOf(message.topic, message.key)));
          return Promise.resolve(messages.map(({ topic, key }) => open.has(orderOf(topic, key))));
        },
        add: (given: readonly NewDeadLetter[], records: readonly Omit<LedgerRecord, 'settled_at'>[]) => {
          const before = known(records.map(({ intent_id }) => intent_id));
          letters.push(...given.filter(({ intent_id }) => !before.has(intent_id)));
          for (const record of records) if (!before.has(record.intent_id)) settle(record);
          return Promise.resolve(before);
        },
        copied: () => Promise.resolve(),
      },
    },
    retention: { prunedBefore: () => Promise.resolve(null) },
    fsmRetention: {},
    verdicts: {
      find: (ids: readonly string[]) => Promise.resolve(new Map(ids.flatMap(storedOf))),
      conflicting: () => Promise.resolve(new Set<string>()),
      answered: (ids: readonly string[]) => {
        const final = { final: true, emitted_at: null, rerun_at: null };
        const stored = ids.flatMap(storedOf);
        return Promise.resolve(new Map(stored.map(([id, { list_hash }]) => [id, { list_hash, ...final }])));
      },
      store: (made: readonly Answer[]) => {
        for (const { verdict, list_hash } of made) {
          if (verdicts.has(verdict.event_id)) continue;
          verdicts.set(verdict.event_id, verdict);
          hashes.set(verdict.event_id, list_hash);
        }
        return Promise.resolve(new Map(made.flatMap(({ verdict }) => storedOf(verdict.event_id))));
      },
    },
    parkedLists: {
      findKeys: (partition: string, keys: readonly string[]) => {
        const parked = memory.parked.filter((one) => one.partition === partition).flatMap((one) => one.keys ?? []);
        return Promise.resolve(new Set(parked.filter((key) => keys.includes(key))));
      },
      hashes: (ids: readonly string[]) => {
        const asked = memory.parked.filter(({ list }) => ids.includes(list.event_id));
        return Promise.resolve(new Map(asked.map(({ list, list_hash = null }) => [list.event_id, list_hash])));
      },
      park: (partition: string, lists: readonly ParkedList[]) => {
        const there = new Set(memory.parked.map(({ list }) => list.event_id));
        for (const one of lists) if (!there.has(one.list.event_id)) memory.parked.push({ partition, ...one });
        return Promise.resolve();
      },
      page: (partition: string) => {
        const lists = memory.parked.filter((one) => one.partition === partition).map(({ list }) => list);
        return Promise.resolve({ lists, parked: lists.length, next: null });
      },
      remove: (ids: readonly string[]) => {
        const left = memory.parked.filter(({ list }) => !ids.includes(list.event_id));
        memory.parked.splice(0, Infinity, ...left);
        return Promise.resolve();
      },
    },
    parkedRuns: { wake: () => Promise.resolve() },
    startedLists: { find: () => Promise.resolve([]) },
    endedExecutions: { input: () => Promise.resolve(null) },
    fsmStates: {
      recover: () =>
        Promise.resolve({
          recovered_states: {},
          total_recovered: 0,
          failed: 0,
          truncated: false,
          next_cursor: null,
        } satisfies RecoveredStates),
    },
    source: { topicPrefix: 'p', environment: 'test', region: 'local', sourceInstance: 'i' },
    ...given,
  } as unknown as Ports;

  function settle(record: Omit<LedgerRecord, 'settled_at'>): LedgerRecord {
    const settled = { ...record, settled_at: new Date().toISOString() };
    ledger.set(record.intent_id, settled);
    return settled;
  }

  function persist(command: Command<PersistStatePayload>) {
    const { intent_id, payload_hash, execution_id, payload, order_key } = command;
    const stored = ledger.get(intent_id);
    if (stored !== undefined) {
      const result = stored.result as unknown as PersistStateFields;
      return repeatOf(command, stored, result, stored.execution_id !== execution_id);
    }
    if (memory.held.has(order_key)) {
      return { ok: false, error: 'held', settled_at: new Date().toISOString(), locked: true } as const;
    }
    memory.effects.push(intent_id);
    const result = { ...fieldsOf(payload) };
    const { settled_at } = settle({ intent_id, intent_type: 'PersistState', payload_hash, execution_id, result });
    return { ok: true, result, settled_at, repeated: false } as const;
  }

  return Object.assign(memory, {
    ports: {
      ...watched(memory, ports),
      deadLetters: { ...ports.deadLetters, ...watched(memory, { deadLetters: ports.deadLetters.store }, 'store') },
    } as unknown as Ports,
  });
}

const fieldsOf = ({ aggregation_id, aggregated_data }: PersistStatePayload): PersistStateFields => ({
  aggregation_id,
  namespaces_persisted: Object.keys(aggregated_data),
  total_workflows: 1,
  total_items: 1,
});

const entryOf = <V>(map: ReadonlyMap<string, V>, id: string): [string, V][] => {
  const value = map.get(id);
  return value === undefined ? [] : [[id, value]];
};

/** Returns the same ports with watched calls: each is noted, and may fail. */
function watched(
  { calls, before }: Pick<MemoryPorts, 'calls' | 'before'>,
  ports: object,
  rename?: string,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(ports as Record<string, Record<string, unknown>>).map(([port, methods]) => [
      rename ?? port,
      Object.fromEntries(
        Object.entries(methods).map(([method, value]) => {
          if (typeof value !== 'function') return [method, value];
          const call: Call = `${port}.${method}`;
          const watching = async (...args: unknown[]): Promise<unknown> => {
            calls.push(call);
            await (before.get(call) as ((...args: unknown[]) => unknown) | undefined)?.(...args);
            return (value as (...args: unknown[]) => unknown)(...args);
          };
          return [method, watching];
        }),
      ),
    ]),
  );
}

/** Returns a `refuses` by which a topic takes no message. The error says whether for good or for a while. */
export const refusing =
  (type: string, error: EffectError) =>
  ({ topic }: OutboundMessage): EffectError | null =>
    topic === `p.reducer.events.${type.toLowerCase()}` ? error : null;
