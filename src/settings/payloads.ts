/** This module holds the settings of encrypted payloads. */
import { z } from 'zod';
import { setting } from './setting.js';

export const payloads = {
  PAYLOAD_KEYS_FILE: setting(z.string().optional(), {
    readBy: ['worker', 'intake', 'CLI', 'client'],
    type: 'path',
    unset: 'payloads are not encrypted',
    about:
      'It is the file of the keys that encrypt payloads before Temporal gets them, a line `key-id key` for each. The key of the first line encrypts, and all decrypt. A key is 32 bytes in base64, as from `openssl rand -base64 32`. The file is read again when it changes ([ADR 0037](adr/0037-encrypted-payloads.md)).',
    change:
      "Set it when Temporal's operators and backups must not see what intents hold. All workers, intakes, commands and clients need the same keys.",
  }),
  CODEC_SERVER_TOKEN: setting(z.string().optional(), {
    readBy: ['bridge codec-server'],
    type: 'any text',
    unset: 'no token is asked for, on loopback only',
    about: 'It is the bearer token that callers of `bridge codec-server` have to send.',
    change: 'Set it, or `CODEC_SERVER_TOKEN_FILE`, when the codec server listens on another address than loopback.',
  }),
  CODEC_SERVER_TOKEN_FILE: setting(z.string().optional(), {
    readBy: ['bridge codec-server'],
    type: 'path',
    unset: '`CODEC_SERVER_TOKEN`',
    about: 'It is the file that holds the token instead. It is read again for each request.',
    change: 'Set it when the token comes as a file, or changes.',
  }),
};
