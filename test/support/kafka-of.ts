/** This module makes the kafkajs client of the tests for an endpoint, secured or not. */
import { Kafka, logLevel } from 'kafkajs';
import type { KafkaEndpoint } from '../../src/endpoints.js';
import { secured } from '../../src/kafka/security.js';

export const kafkaOf = (endpoint: KafkaEndpoint): Kafka =>
  new Kafka({ brokers: [...endpoint.brokers], ...secured(endpoint), logLevel: logLevel.NOTHING });
