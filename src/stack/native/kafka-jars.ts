/** This module fetches the Kafka broker and its console tools from Maven. */
import { join } from 'node:path';
import { makeOnce } from '../cache.js';
import { StackError } from '../errors.js';
import { KAFKA, KAFKA_LOG4J } from '../versions.js';
import { copyJars, dependency } from './maven.js';
import type { NativeContext } from './service.js';
import { mavenVersion } from './tools.js';

/** Returns the class path of the jars that {@link fetchKafka} put into the cache. */
export const kafkaClassPath = (cacheDir: string): string => join(kafkaFolder(cacheDir), 'libs', '*');

const kafkaFolder = (cacheDir: string): string => join(cacheDir, `kafka-${KAFKA}`);

/**
 * This exclusion leaves out Connect, which comes with the tools and doubles the download. Only a tool for Connect's
 * plugins needs it.
 */
const WITHOUT_CONNECT =
  '<exclusions><exclusion><groupId>org.apache.kafka</groupId><artifactId>connect-runtime</artifactId></exclusion></exclusions>';

const DEPENDENCIES = [
  dependency('org.apache.kafka', 'kafka_2.13', KAFKA),
  dependency('org.apache.kafka', 'kafka-tools', KAFKA, WITHOUT_CONNECT),
  dependency('org.apache.logging.log4j', 'log4j-slf4j-impl', KAFKA_LOG4J),
];

export async function fetchKafka(
  cacheDir: string,
  { run, reporter }: Pick<NativeContext, 'run' | 'reporter'>,
): Promise<void> {
  const waiting = (): void => reporter.report('kafka', 'building', 'another process is downloading it; waiting');
  await makeOnce(
    kafkaFolder(cacheDir),
    async (directory) => {
      if ((await mavenVersion(run)) === null) {
        throw new StackError(
          'Kafka: neither a container engine nor mvn found: install Docker with compose, or Maven, or set KAFKA_BOOTSTRAP_SERVERS',
        );
      }
      const message = `downloading Kafka ${KAFKA} with Maven`;
      const failure = await reporter.during('kafka', 'building', message, () => copyJars(run, directory, DEPENDENCIES));
      if (failure !== null) throw new StackError(`Maven could not fetch Kafka:\n${failure}`);
    },
    waiting,
  );
}
