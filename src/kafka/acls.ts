/** This module says which rights each role needs on the broker, as commands of Kafka's own tool. */
import { eventTopicPrefix, topicOf } from '../domain/events/event-types.js';

export interface AclSettings {
  readonly prefix: string;
  readonly dlqSuffix: string;
  /** The intake's consumer group. */
  readonly groupId: string;
}

interface Acl {
  readonly principal: string;
  readonly operations: readonly string[];
  /** Arguments that name the topics or the group. */
  readonly resource: readonly string[];
}

/** Returns the commands, one a line. They take the brokers and the admin's login from the shell. */
export const aclCommands = (settings: AclSettings): string[] =>
  acls(settings).map(({ principal, operations, resource }) =>
    [
      'kafka-acls.sh --bootstrap-server "$KAFKA_BOOTSTRAP_SERVERS" --command-config "$KAFKA_ADMIN_CONFIG" --add',
      `--allow-principal User:${principal}`,
      ...operations.map((operation) => `--operation ${operation}`),
      ...resource,
    ].join(' '),
  );

function acls({ prefix, dlqSuffix, groupId }: AclSettings): Acl[] {
  const all = ['--resource-pattern-type prefixed', `--topic ${quoted(eventTopicPrefix(prefix))}`];
  const emitted = topicOf(prefix, 'INTENT_EMITTED');
  const group = [`--group ${quoted(groupId)}`];
  return [
    { principal: 'bridge_migrator', operations: ['Create', 'Describe', 'DescribeConfigs'], resource: all },
    { principal: 'bridge_worker', operations: ['Write', 'Describe', 'DescribeConfigs'], resource: all },
    { principal: 'bridge_worker', operations: ['Read'], resource: [`--topic ${quoted(emitted)}`] },
    { principal: 'bridge_worker', operations: ['Read'], resource: group },
    { principal: 'bridge_intake', operations: ['Read', 'Describe'], resource: [`--topic ${quoted(emitted)}`] },
    {
      principal: 'bridge_intake',
      operations: ['Write', 'Describe'],
      resource: [`--topic ${quoted(emitted + dlqSuffix)}`],
    },
    { principal: 'bridge_intake', operations: ['Read'], resource: group },
    { principal: 'bridge_client', operations: ['Write', 'Describe'], resource: [`--topic ${quoted(emitted)}`] },
  ];
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
