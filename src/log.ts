import { pino, type Logger } from 'pino';

/**
 * Creates a logger that writes JSON lines to standard error, so that standard output stays free for what a command
 * prints. Payloads are never logged; a refusal names the value at fault, 80 bytes of it at most.
 */
export const createLogger = (level: string): Logger =>
  pino(
    { level, base: { service: 'bridge-store-effect' }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  );
