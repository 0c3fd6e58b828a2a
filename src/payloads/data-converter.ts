/** This module makes the data converter of all who talk to Temporal, from the settings. */
import type { DataConverter } from '@temporalio/common';
import type { Config, ConfigError } from '../config.js';
import { failureConverterPath } from '../paths.js';
import { EncryptionCodec } from './encryption-codec.js';
import { KeysFile } from './keys-file.js';

/** The settings that name the keys of payloads; without `PAYLOAD_KEYS_FILE`, payloads are in clear. */
export type PayloadSettings = Partial<Pick<Config, 'PAYLOAD_KEYS_FILE'>>;

/**
 * Makes the data converter. With keys it encrypts, and the messages of failures travel in payloads too.
 * @param onFault as of `KeysFile`.
 * @throws ConfigError when the keys cannot be used.
 */
export const dataConverterOf = (settings: PayloadSettings, onFault?: (fault: ConfigError) => void): DataConverter => ({
  payloadCodecs: [codecOf(settings, onFault)],
  ...(settings.PAYLOAD_KEYS_FILE === undefined ? {} : { failureConverterPath }),
});

/** Makes the codec alone. @throws ConfigError as `dataConverterOf`. */
export const codecOf = (
  { PAYLOAD_KEYS_FILE: path }: PayloadSettings,
  onFault?: (fault: ConfigError) => void,
): EncryptionCodec => new EncryptionCodec(path === undefined ? null : new KeysFile(path, onFault));
