/** This module has the defaults of settings that the contract names. */
import { loadConfig } from '../../src/config.js';

const { KAFKA_TOPIC_PREFIX, KAFKA_DLQ_SUFFIX } = loadConfig({});

export const DEFAULT_TOPIC_PREFIX = KAFKA_TOPIC_PREFIX;
export const DEFAULT_SUFFIX = KAFKA_DLQ_SUFFIX;
