/** This module counts the produce requests of every producer that is made from now on. */
import { Kafka } from 'kafkajs';

export interface ProduceRequests {
  /** Number of requests that a broker has answered. */
  count: number;
  stop(): void;
}

export function countProduceRequests(): ProduceRequests {
  const prototype = Kafka.prototype;
  const original = Object.getOwnPropertyDescriptor(prototype, 'producer')!;
  const requests: ProduceRequests = {
    count: 0,
    stop: () => void Object.defineProperty(prototype, 'producer', original),
  };
  const create = original.value as Kafka['producer'];
  Object.defineProperty(prototype, 'producer', {
    ...original,
    value(this: Kafka, ...args: Parameters<Kafka['producer']>) {
      const producer = create.apply(this, args);
      producer.on(producer.events.REQUEST, ({ payload }) => {
        if (payload.apiName === 'Produce') requests.count += 1;
      });
      return producer;
    },
  });
  return requests;
}
