import { pino, type Logger } from 'pino';
import { visible } from './domain/values/text.js';

/**
 * Creates a logger that writes JSON lines to standard error, so that standard output stays free for what a command
 * prints. Payloads are never logged; a refusal names the value at fault, 80 bytes of it at most.
 */
export const createLogger = (level: string): Logger =>
  pino(
    {
      level,
      base: { service: 'bridge-store-effect' },
      // Temporal's SDK names its errors `error`, which pino alone would print as `{}`.
      serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
      timestamp: pino.stdTimeFunctions.isoTime,
      // JSON itself keeps C1 and bidirectional controls as they are, and people watch logs on terminals.
      hooks: { streamWrite: (line) => `${visible(line.trimEnd())}\n` },
    },
    pino.destination({ dest: 2, sync: true }),
  );
