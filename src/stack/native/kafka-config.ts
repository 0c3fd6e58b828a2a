/** This module makes the files that a broker is started with. */
import type { Ports } from '../ports.js';
import { LOOPBACK, portOf } from './service.js';

/** Returns the settings that differ from Kafka's defaults; the comments say why. */
export function serverProperties(logDir: string, ports: Ports): string {
  const broker = `${LOOPBACK}:${portOf(ports, 'broker')}`;
  const controller = `${LOOPBACK}:${portOf(ports, 'controller')}`;
  const properties: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${controller}`,
    listeners: `PLAINTEXT://${broker},CONTROLLER://${controller}`,
    'advertised.listeners': `PLAINTEXT://${broker}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': logDir,
    // A misspelt topic is an error, as it is where topics are made by an operator.
    'auto.create.topics.enable': false,
    // There is one broker; the defaults of these settings want three.
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // The defaults are fifty partitions each, for one machine's handful of groups. They make the first start and each
    // recovery slow.
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.num.partitions': 4,
    // A group's first member need not wait 3 s for others.
    'group.initial.rebalance.delay.ms': 0,
    // A broker that was killed is not let in again before this time-out has passed; 9 s by default.
    'broker.session.timeout.ms': 4_000,
    'broker.heartbeat.interval.ms': 1_000,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** Kafka logs to standard output, which is the log file. Without any configuration it logs errors only. */
export const LOG4J = `status = warn
appender.out.type = Console
appender.out.name = OUT
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %m (%c{1})%n
rootLogger.level = info
rootLogger.appenderRef.out.ref = OUT
`;
