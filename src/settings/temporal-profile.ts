/**
 * This module reads Temporal's own environment with the SDK's reader: variables, and profiles in a TOML file. The
 * variables come first (ADR 0036).
 */
import { type ClientConfigProfile, loadClientConfigProfile } from '@temporalio/envconfig';
import { accessSync, constants } from 'node:fs';
import { z } from 'zod';
import type { TemporalCredentials } from '../endpoints.js';
import { fixedSecret, secretOf } from '../secret.js';
import { temporalAddress } from './addresses.js';
import type { temporal } from './temporal.js';

type TemporalSettings = z.output<z.ZodObject<typeof temporal>>;

/** Profiled settings are settings in which the profile has filled what the variables leave open. */
export type ProfiledSettings<S extends TemporalSettings> = Omit<S, 'TEMPORAL_NAMESPACE'> & {
  readonly TEMPORAL_NAMESPACE: string;
  /** The credentials of the variables and of the profile. */
  readonly temporal: TemporalCredentials;
};

/** This error says which variable or field of a profile cannot be used, as a line of its own. */
export class ProfileError extends Error {
  override readonly name = 'ProfileError';
}

/** These fields have to be texts. The SDK's reader takes whatever a file has there. */
const fields = z.object({
  address: temporalAddress.optional(),
  namespace: z.string().min(1).optional(),
  apiKey: z.string().min(1).optional(),
  grpcMeta: z.record(z.string(), z.string()).optional(),
});

/**
 * Fills settings from the profile.
 * @param env the variables of the process, empty ones too.
 * @param profile the name of the profile; default: TEMPORAL_PROFILE.
 * @throws ProfileError
 */
export function withProfile<S extends TemporalSettings>(
  settings: S,
  env: NodeJS.ProcessEnv,
  profile = settings.TEMPORAL_PROFILE,
): ProfiledSettings<S> {
  const { tls, ...loaded } = loadProfile(settings, env, profile);
  const parsed = fields.safeParse(loaded);
  if (!parsed.success) {
    // The value is left out, because it may be a key.
    const [{ path, message } = { path: [], message: '' }] = parsed.error.issues;
    throw new ProfileError(`TEMPORAL_CONFIG_FILE: profile ${profile ?? 'default'}: ${path.join('.')}: ${message}`);
  }
  if ((tls?.clientCert === undefined) !== (tls?.clientKey === undefined)) {
    const [given, missing] = tls?.clientKey === undefined ? ['CERT', 'KEY'] : ['KEY', 'CERT'];
    throw new ProfileError(`TEMPORAL_TLS_CLIENT_${missing}_PATH: expected beside TEMPORAL_TLS_CLIENT_${given}_PATH`);
  }
  const { address, namespace = 'default', apiKey, grpcMeta: metadata } = parsed.data;
  const ofFile = apiKey === undefined ? undefined : fixedSecret('TEMPORAL_CONFIG_FILE', apiKey);
  const key = secretOf('TEMPORAL_API_KEY', settings) ?? ofFile;
  return {
    ...settings,
    ...(address === undefined ? {} : { TEMPORAL_ADDRESS: address }),
    TEMPORAL_NAMESPACE: namespace,
    temporal: {
      ...(tls === undefined ? {} : { tls }),
      ...(key === undefined ? {} : { apiKey: key }),
      ...(metadata === undefined ? {} : { metadata }),
    },
  };
}

function loadProfile(
  settings: TemporalSettings,
  env: NodeJS.ProcessEnv,
  profile: string | undefined,
): ClientConfigProfile {
  const { TEMPORAL_CONFIG_FILE: file, TEMPORAL_TLS: tls } = settings;
  // The SDK's reader takes a file that is not there for none, and so would lose TLS and the address in silence.
  if (file !== undefined) assertReadable(file);
  const given = Object.entries(env).filter(
    ([name, value]) => value !== undefined && (value !== '' || name.startsWith('TEMPORAL_GRPC_META_')),
  ) as [string, string][];
  const options = {
    ...(profile === undefined ? {} : { profile }),
    overrideEnvVars: {
      ...Object.fromEntries(given),
      // The SDK's reader knows no other words for yes than these, and takes any other for no.
      ...(tls === undefined ? {} : { TEMPORAL_TLS: String(tls) }),
    },
  };
  try {
    return loadClientConfigProfile(options);
  } catch (error) {
    // The SDK's reader fails with a TypeError in a file without any profile.
    if (error instanceof TypeError && profile === undefined)
      return loadClientConfigProfile({ ...options, disableFile: true });
    // The error is no cause of ours, because the reader of TOML quotes lines of the file, and one may be a key.
    throw new ProfileError(describe(error, file, profile));
  }
}

function assertReadable(file: string): void {
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    throw new ProfileError(`TEMPORAL_CONFIG_FILE: expected a file that can be read, got ${file}`, { cause: error });
  }
}

function describe(error: unknown, file = 'the file of the user', profile: string | undefined): string {
  const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  const [, field] = /^Cannot specify both (\w+)_path/.exec(reason) ?? [];
  if (field !== undefined) {
    const name = `TEMPORAL_TLS_${field.toUpperCase()}`;
    return `${name}_PATH, ${name}_DATA: expected one of them, also counting those of the profile`;
  }
  if (error instanceof TypeError || /^Profile '.*' not found/.test(reason))
    return `TEMPORAL_PROFILE: expected a profile that ${file} has (TEMPORAL_CONFIG_FILE), got ${profile ?? 'none'}`;
  return `TEMPORAL_CONFIG_FILE: expected TOML in ${file}: ${reason}`;
}
