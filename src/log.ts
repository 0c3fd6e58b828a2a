import { pino, type Logger } from 'pino';

/** JSON lines on standard error, so that standard output stays free for what a command prints. Payloads are never logged. */
export const createLogger = (level: string): Logger =>
  pino(
    { level, base: { service: 'bridge-store-effect' }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  );
