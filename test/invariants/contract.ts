/**
 * This invariant says that everything the service publishes and reports is as the schemas of the contract say. What it
 * accepts, the schemas accept too.
 */
import { builtinEffects } from '../../activities/index.js';
import { PUBLISHED_TYPES, RESULT_FIELDS, schemaName } from '../../src/contract/schemas.js';
import { REJECTED_HEADERS } from '../../src/domain/dead-letters/rejected-copy.js';
import { topicOf } from '../../src/domain/events/event-types.js';
import { parseRequest } from '../../src/domain/execution/request.js';
import { parseIntent } from '../../src/domain/intents/parse.js';
import type { IntentResult } from '../../src/domain/intents/result.js';
import { readEnvelope } from '../../src/intake/envelope-reader.js';
import { contractProblem } from '../support/contract-validator.js';
import type { Environment } from '../support/environment.js';
import type { TopicRecord } from '../support/records.js';
import type { Execution } from './executions.js';

const DEFINITIONS = new Map(builtinEffects.map(({ definition }) => [definition.type, definition]));

/** Returns the topics that only this invariant reads. */
export const contractTopics = ({ config }: Environment): string[] => [
  topicOf(config.KAFKA_TOPIC_PREFIX, 'FSM_STATES_RECOVERED'),
  ...[...PUBLISHED_TYPES, 'INTENT_EMITTED' as const].map(
    (type) => `${topicOf(config.KAFKA_TOPIC_PREFIX, type)}${config.KAFKA_DLQ_SUFFIX}`,
  ),
];

export async function checkContract(
  environment: Environment,
  executions: readonly Execution[],
  records: readonly TopicRecord[],
): Promise<readonly string[]> {
  const { config, pool } = environment;
  const checks = new Map<string, (record: TopicRecord) => readonly (string | null)[]>();
  for (const type of PUBLISHED_TYPES) {
    const topic = topicOf(config.KAFKA_TOPIC_PREFIX, type);
    checks.set(topic, ({ value }) => [contractProblem(schemaName(type), jsonOf(value))]);
    checks.set(`${topic}${config.KAFKA_DLQ_SUFFIX}`, ({ value }) => [contractProblem('dead-letter', jsonOf(value))]);
  }
  const emitted = topicOf(config.KAFKA_TOPIC_PREFIX, 'INTENT_EMITTED');
  checks.set(emitted, ({ raw }) => emittedProblems(raw.value));
  checks.set(`${emitted}${config.KAFKA_DLQ_SUFFIX}`, ({ headers }) =>
    [REJECTED_HEADERS.topic, REJECTED_HEADERS.reason, REJECTED_HEADERS.form].map((name) =>
      headers[name] === undefined ? `a rejected copy lacks the header ${name}` : null,
    ),
  );
  const { rows } = await pool.query<{ verdict: { readonly results: readonly IntentResult[] } }>(
    'SELECT verdict FROM intake_verdicts',
  );
  return [
    ...records.flatMap((record) =>
      (checks.get(record.topic)?.(record) ?? []).map((problem) =>
        problem === null ? null : `${record.topic}/${record.partition}/${record.offset}: ${problem}`,
      ),
    ),
    ...executions.flatMap(executionProblems),
    ...rows.flatMap(({ verdict }) => verdict.results.map(resultProblem)),
  ].filter((problem) => problem !== null);
}

/** Returns a value that no schema takes for a text that is not JSON. */
function jsonOf(text: string | null): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return text;
  }
}

function emittedProblems(value: Buffer | null): (string | null)[] {
  if (!readEnvelope(value).ok) return [];
  // A byte order mark is none of the text.
  const envelope = JSON.parse(String(value).replace(/^\uFEFF/, '')) as {
    readonly payload: { readonly intents: readonly unknown[] };
  };
  const intents = envelope.payload.intents.filter(isAccepted);
  return [contractProblem('intent-emitted', { ...envelope, payload: { ...envelope.payload, intents } })];
}

function executionProblems({ workflowId, type, input, output }: Execution): (string | null)[] {
  if (type !== 'ExecuteIntentsWorkflow') return [];
  const problems = [inputProblem(input), ...outputProblems(output)];
  return problems.map((problem) => (problem === null ? null : `${workflowId}: ${problem}`));
}

function inputProblem(input: unknown): string | null {
  let intents: readonly unknown[];
  try {
    ({ intents } = parseRequest(input));
  } catch {
    return null;
  }
  return contractProblem('request', { ...(input as object), intents: intents.filter(isAccepted) });
}

/** Returns whether an intent is one of ours and valid. Tests have types of their own. */
const isAccepted = (intent: unknown): boolean => parseIntent(intent, DEFINITIONS).ok;

function outputProblems(output: unknown): (string | null)[] {
  if (typeof output !== 'object' || output === null || !('results' in output && 'counts' in output)) return [];
  return [contractProblem('report', output), ...(output.results as readonly IntentResult[]).map(resultProblem)];
}

/** The fields of a type are there when the intent has had its effect, or is a dead letter, and no report cut them. */
function resultProblem(result: IntentResult): string | null {
  const { intent_type: type, success, cut } = result;
  const isWhole = type in RESULT_FIELDS && success && cut === undefined;
  return contractProblem(isWhole ? `${schemaName(type)}-result` : 'result', result);
}
