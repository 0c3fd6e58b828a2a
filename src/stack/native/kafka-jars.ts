/** The Kafka broker and its console tools, from Maven. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeOnce } from '../cache.js';
import { StackError } from '../errors.js';
import { KAFKA, KAFKA_LOG4J } from '../versions.js';
import type { NativeContext } from './service.js';
import { mavenVersion } from './tools.js';

/** Class path of what {@link fetchKafka} put into the cache. */
export const kafkaClassPath = (cacheDir: string): string => join(kafkaFolder(cacheDir), 'libs', '*');

const kafkaFolder = (cacheDir: string): string => join(cacheDir, `kafka-${KAFKA}`);

const dependency = (group: string, artifact: string, version: string, extra = ''): string =>
  `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>${extra}</dependency>`;

/** Connect comes with the tools and doubles the download; only a tool for Connect's plugins needs it. */
const WITHOUT_CONNECT =
  '<exclusions><exclusion><groupId>org.apache.kafka</groupId><artifactId>connect-runtime</artifactId></exclusion></exclusions>';

const POM = `<project>
<modelVersion>4.0.0</modelVersion><groupId>bridge-store-effect</groupId><artifactId>kafka</artifactId><version>1</version>
<packaging>pom</packaging>
<dependencies>
${dependency('org.apache.kafka', 'kafka_2.13', KAFKA)}
${dependency('org.apache.kafka', 'kafka-tools', KAFKA, WITHOUT_CONNECT)}
${dependency('org.apache.logging.log4j', 'log4j-slf4j-impl', KAFKA_LOG4J)}
</dependencies></project>
`;

const GOAL = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';

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
      const libs = join(directory, 'libs');
      const pom = join(directory, 'pom.xml');
      await mkdir(libs);
      await writeFile(pom, POM);
      const message = `downloading Kafka ${KAFKA} with Maven`;
      const args = ['-B', '-ntp', '-f', pom, GOAL, '-DincludeScope=runtime', `-DoutputDirectory=${libs}`];
      const { code, output } = await reporter.during('kafka', 'building', message, () => run('mvn', args));
      if (code !== 0) throw new StackError(`Maven could not fetch Kafka:\n${output.split('\n').slice(-15).join('\n')}`);
    },
    waiting,
  );
}
