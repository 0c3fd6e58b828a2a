import { SingleBar } from 'cli-progress';
import { Command } from 'commander';
import { ListEmitter } from '../../client/list-emitter.js';
import { counted } from '../../domain/intents/definition.js';
import type { RequestInput } from '../../domain/execution/request.js';
import { batchSettings } from '../../kafka/settings.js';
import { contextOf, endpointsOf } from '../context.js';
import { UsageError } from '../errors.js';
import { readRequests } from '../input.js';

/** Lists that are emitted at once. */
const BATCH = 200;

export const emitCommand = (): Command =>
  new Command('emit')
    .description('put lists of intents on the INTENT_EMITTED topic, for the intake to execute')
    .argument('<file>', 'as of "bridge execute"; - for standard input')
    .action(async (file: string, _options: object, command: Command) => {
      const { config, out } = contextOf(command);
      const requests: RequestInput[] = [];
      const errors: string[] = [];
      for await (const item of readRequests(file)) {
        if (item.ok) requests.push(item.request);
        else errors.push(`line ${item.line}: ${item.error}`);
        if (item.ok && item.note !== undefined) out.note(`bridge: ${item.note}`);
      }
      // A file is emitted as a whole or not at all: half a file on the topic is nothing anybody wants.
      if (errors.length > 0) throw new UsageError(`nothing was emitted\n${errors.join('\n')}`);
      const { kafka } = await endpointsOf(config, 'kafka');
      const emitter = new ListEmitter({
        ...kafka,
        topicPrefix: config.KAFKA_TOPIC_PREFIX,
        environment: config.ENVIRONMENT,
        region: config.REGION,
        compression: batchSettings(config).compression,
      });
      const bar = out.interactive
        ? new SingleBar({ format: '{bar} {value}/{total} lists  {duration_formatted}', stream: process.stderr })
        : undefined;
      bar?.start(requests.length, 0);
      let topic = '';
      try {
        for (let first = 0; first < requests.length; first += BATCH) {
          const emitted = await emitter.emit(requests.slice(first, first + BATCH));
          for (const { eventId, requestId, correlationId, topic: to } of emitted) {
            topic = to;
            out.record({ event_id: eventId, request_id: requestId, correlation_id: correlationId, topic });
          }
          bar?.increment(emitted.length);
        }
      } finally {
        bar?.stop();
        await emitter.close();
      }
      out.line(`${counted(requests.length, 'list')} emitted to ${topic}`);
    });
