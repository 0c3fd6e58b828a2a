/** This service is one Kafka broker that is its own controller (KRaft), on Java. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StackError } from '../errors.js';
import { MINIMUM_JAVA } from '../versions.js';
import { fetchKafka, kafkaClassPath } from './kafka-jars.js';
import { LOG4J, serverProperties } from './kafka-config.js';
import { LOOPBACK, portOf, type NativeContext, type NativeService } from './service.js';
import { isAtLeast, javaVersion } from './tools.js';

/** The cluster id may be any constant, because a stack's data never meets another's. */
const CLUSTER_ID = 'YnJpZGdlLXN0b3JlLWVmZg';
const HEAP = ['-Xms256m', '-Xmx1g', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20', '-XX:InitiatingHeapOccupancyPercent=35'];

export const kafkaService: NativeService<'kafka'> = {
  name: 'kafka',
  ports: { broker: 9092, controller: 9093 },
  stopSignal: 'SIGTERM',
  endpoint: (ports) => ({ brokers: [`${LOOPBACK}:${portOf(ports, 'broker')}`] }),
  async prepare(context) {
    await requireJava(context);
    await fetchKafka(context.options.cacheDir, context);
    const { stateDir, cacheDir } = context.options;
    const home = join(stateDir, 'data', 'kafka');
    const files = {
      config: join(home, 'server.properties'),
      log4j: join(home, 'log4j2.properties'),
      temporary: join(home, 'tmp'),
    };
    const java = [
      `-Djava.io.tmpdir=${files.temporary}`,
      `-Dlog4j2.configurationFile=${files.log4j}`,
      '-cp',
      kafkaClassPath(cacheDir),
    ];
    return {
      dataDir: home,
      async command(ports) {
        const logDir = join(home, 'log');
        await mkdir(files.temporary, { recursive: true });
        await writeFile(files.config, serverProperties(logDir, ports));
        await writeFile(files.log4j, LOG4J);
        if (!existsSync(join(logDir, 'meta.properties'))) {
          const format = [
            'kafka.tools.StorageTool',
            'format',
            '--ignore-formatted',
            '-t',
            CLUSTER_ID,
            '-c',
            files.config,
          ];
          const { code, output } = await context.reporter.during('kafka', 'starting', 'formatting its folder', () =>
            context.run('java', [...java, ...format]),
          );
          if (code !== 0) throw new StackError(`Kafka could not format ${logDir}:\n${output}`);
        }
        return {
          command: 'java',
          args: ['-server', '-Djava.awt.headless=true', ...HEAP, ...java, 'kafka.Kafka', files.config],
        };
      },
    };
  },
};

async function requireJava({ run }: NativeContext): Promise<void> {
  const java = await javaVersion(run);
  if (java !== null && isAtLeast(java, MINIMUM_JAVA)) return;
  throw new StackError(
    `Kafka: neither a container engine nor java >= ${MINIMUM_JAVA} found${java === null ? '' : ` (java is ${java})`}: ` +
      'install Docker with compose, or Java, or set KAFKA_BOOTSTRAP_SERVERS',
  );
}
