/** Pinned versions of the servers, and the oldest tools that build or run them. */

/** Brings server 1.29.1 and Web UI 2.42.1. Newer tags carry a `replace` directive, which `go install` refuses. */
export const TEMPORAL_CLI = '1.5.1';
export const KAFKA = '4.1.0';
/** The logging backend Kafka's own distribution of that version ships; without one the broker logs nothing. */
export const KAFKA_LOG4J = '2.24.3';
export const MINIMUM_GO = '1.24';
export const MINIMUM_JAVA = '17';
