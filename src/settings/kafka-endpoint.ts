/**
 * This module makes the endpoint of Kafka from its settings, and says which of them contradict each other. The client's
 * options are the same settings under other names, so both are judged alike.
 */
import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import type { KafkaEndpoint, KafkaLogin, KafkaSecurity, Pem } from '../endpoints.js';
import { shownPath } from '../domain/values/shown.js';
import { fixedSecret, type Secret, SecretError, secretInFile } from '../secret.js';
import { protocolOf, type SecurityProtocol } from './addresses.js';
import type { kafkaSecurity } from './kafka-security.js';

/** These options are the settings `KAFKA_SECURITY_PROTOCOL`, `KAFKA_SASL_*` and `KAFKA_SSL_*` of docs/settings.md. */
export interface KafkaSecurityOptions {
  /** The protocol of the brokers' listener; default: what stands in front of them, else `PLAINTEXT`. */
  readonly protocol?: SecurityProtocol;
  readonly mechanism?: KafkaLogin['mechanism'];
  readonly username?: string;
  readonly password?: string;
  /** The path of a file that holds the password; it is read again for each new connection. */
  readonly passwordFile?: string;
  /** Certificates of the authorities whose brokers are trusted: the path of a file, or its text in PEM. */
  readonly ca?: string;
  /** The client's certificate: the path of a file, or its text in PEM. */
  readonly cert?: string;
  /** The private key of `cert`: the path of a file, or its text in PEM. */
  readonly key?: string;
  /** The path of a file that holds the token of OAUTHBEARER; it is read again for each login. */
  readonly tokenFile?: string;
  /** The endpoint that gives tokens for `clientId` and `clientSecret`. */
  readonly tokenEndpointUrl?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly clientSecretFile?: string;
  readonly scope?: string;
}

type Option = keyof KafkaSecurityOptions;
type Variables = z.output<z.ZodObject<typeof kafkaSecurity>>;
/** Names are what messages call the options and the brokers. */
type Names = Readonly<Record<Option | 'brokers', string>>;

export const VARIABLES = {
  brokers: 'KAFKA_BOOTSTRAP_SERVERS',
  protocol: 'KAFKA_SECURITY_PROTOCOL',
  mechanism: 'KAFKA_SASL_MECHANISM',
  username: 'KAFKA_SASL_USERNAME',
  password: 'KAFKA_SASL_PASSWORD',
  passwordFile: 'KAFKA_SASL_PASSWORD_FILE',
  ca: 'KAFKA_SSL_CA',
  cert: 'KAFKA_SSL_CERT',
  key: 'KAFKA_SSL_KEY',
  tokenFile: 'KAFKA_SASL_OAUTHBEARER_TOKEN_FILE',
  tokenEndpointUrl: 'KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL',
  clientId: 'KAFKA_SASL_OAUTHBEARER_CLIENT_ID',
  clientSecret: 'KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET',
  clientSecretFile: 'KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET_FILE',
  scope: 'KAFKA_SASL_OAUTHBEARER_SCOPE',
} as const satisfies Names & Record<Option, keyof Variables>;

/** The names of the same options of the client. */
export const CLIENT_OPTIONS = Object.fromEntries(
  Object.keys(VARIABLES).map((name) => [name, name === 'brokers' ? 'kafka.brokers' : `kafka.security.${name}`]),
) as unknown as Names;

export const isOption = (name: string): name is Option => name !== 'brokers' && Object.hasOwn(VARIABLES, name);

const PASSWORD = ['username', 'password', 'passwordFile'] as const;
const ENDPOINT = ['tokenEndpointUrl', 'clientId', 'clientSecret', 'clientSecretFile', 'scope'] as const;
const TOKEN = ['tokenFile', ...ENDPOINT] as const;
const FILES = ['ca', 'cert', 'key'] as const;

/** Returns the security options among variables; the protocol may stand in front of the brokers instead. */
const optionsIn = (variables: Variables): KafkaSecurityOptions =>
  Object.fromEntries(
    Object.entries(VARIABLES).flatMap(([option, variable]) => {
      const value = variable === VARIABLES.brokers ? undefined : variables[variable];
      return value === undefined ? [] : [[option, value]];
    }),
  );

/**
 * Judges the variables together.
 * @param servers the text of KAFKA_BOOTSTRAP_SERVERS.
 * @returns the protocol, and a line for each contradiction.
 */
export function judgeVariables(variables: Variables, servers: string | undefined) {
  const options = optionsIn(variables);
  const judged = judge(options, servers ?? '', VARIABLES);
  if (servers !== undefined || judged.protocol === 'PLAINTEXT') return judged;
  const local = `${VARIABLES.protocol}: expected together with ${VARIABLES.brokers}, because the local stack has no security`;
  return { ...judged, problems: [...judged.problems, local] };
}

/** @returns the protocol that the options and the brokers name, and a line for each contradiction. */
export function judge(
  options: KafkaSecurityOptions,
  brokers: string,
  names: Names,
): { readonly protocol: SecurityProtocol; readonly problems: string[] } {
  const inFront = protocolOf(brokers);
  const protocol = options.protocol ?? inFront ?? 'PLAINTEXT';
  const problems = [...contradictions({ ...options, protocol }, names)];
  if (inFront !== undefined && inFront !== protocol) {
    problems.push(`${names.brokers}: expected no other protocol than ${protocol} (${names.protocol}), got ${inFront}`);
  }
  return { protocol, problems };
}

function* contradictions(options: KafkaSecurityOptions, names: Names): Generator<string> {
  const { protocol = 'PLAINTEXT', mechanism } = options;
  const given = (some: readonly Option[]) => some.filter((option) => options[option] !== undefined);
  const named = (some: readonly Option[]) => some.map((option) => names[option]).join(', ');
  function* refused(some: readonly Option[], why: string) {
    const wrong = given(some);
    if (wrong.length > 0) yield `${named(wrong)}: expected ${why}`;
  }
  function* demanded(some: readonly Option[], why: string) {
    if (given(some).length === 0)
      yield `${some.map((option) => names[option]).join(' or ')}: expected ${why}, got nothing`;
    if (given(some).length > 1) yield `${named(given(some))}: expected one of them, got both`;
  }
  if (!hasTls(protocol)) {
    yield* refused(FILES, `with ${names.protocol} SSL or SASL_SSL only, not with ${protocol}`);
  }
  if (given(['cert', 'key']).length === 1) yield `${names.cert}, ${names.key}: expected both or none of them`;
  if (!hasLogin(protocol)) {
    const login = ['mechanism', ...PASSWORD, ...TOKEN] as const;
    yield* refused(login, `with ${names.protocol} SASL_SSL or SASL_PLAINTEXT only, not with ${protocol}`);
    return;
  }
  yield* demanded(['mechanism'], `with ${names.protocol} ${protocol}`);
  if (mechanism === undefined) return;
  const why = `with ${names.mechanism} ${mechanism}`;
  if (mechanism !== 'OAUTHBEARER') {
    yield* demanded(['username'], why);
    yield* demanded(['password', 'passwordFile'], why);
    yield* refused(TOKEN, `with ${names.mechanism} OAUTHBEARER only, not with ${mechanism}`);
    return;
  }
  yield* refused(PASSWORD, `with PLAIN or SCRAM only, not ${why}`);
  yield* demanded(['tokenFile', 'tokenEndpointUrl'], why);
  if (options.tokenEndpointUrl === undefined) {
    yield* refused(ENDPOINT, `together with ${names.tokenEndpointUrl}`);
    return;
  }
  yield* demanded(['clientId'], `with ${names.tokenEndpointUrl}`);
  yield* demanded(['clientSecret', 'clientSecretFile'], `with ${names.tokenEndpointUrl}`);
}

const hasTls = (protocol: SecurityProtocol) => protocol === 'SSL' || protocol === 'SASL_SSL';
const hasLogin = (protocol: SecurityProtocol) => protocol === 'SASL_PLAINTEXT' || protocol === 'SASL_SSL';

/** Returns the endpoint that the variables name; null when they name no brokers. */
export const kafkaEndpoint = (
  variables: Variables & { readonly KAFKA_BOOTSTRAP_SERVERS?: readonly string[] | undefined },
): KafkaEndpoint | null => {
  const { KAFKA_BOOTSTRAP_SERVERS: brokers, KAFKA_SECURITY_PROTOCOL: protocol = 'PLAINTEXT' } = variables;
  if (brokers === undefined) return null;
  return { brokers, ...securityOf({ ...optionsIn(variables), protocol }, VARIABLES) };
};

/** Makes the security of options without contradictions. */
export function securityOf(
  options: KafkaSecurityOptions & { readonly protocol: SecurityProtocol },
  names: Names,
): Pick<KafkaEndpoint, 'security'> {
  const { protocol } = options;
  if (protocol === 'PLAINTEXT') return {};
  const { brokers, ca, cert, key } = names;
  const host = `${brokers}, and the advertised.listeners of the brokers`;
  const login = hasLogin(protocol) ? loginOf(options, names) : undefined;
  return {
    security: {
      ...(hasTls(protocol) ? { tls: pemsOf(options, names) } : {}),
      ...(login === undefined ? {} : { login }),
      names: { host, tls: names.protocol, ca, cert, key },
    },
  };
}

const pemsOf = (options: KafkaSecurityOptions, names: Names): NonNullable<KafkaSecurity['tls']> =>
  Object.fromEntries(
    FILES.flatMap((option) => {
      const given = options[option];
      return given === undefined ? [] : [[option, pemOf(names[option], given)]];
    }),
  );

/** @param given the path of a file, or its text. */
const pemOf = (source: string, given: string): Pem => ({
  source,
  read() {
    if (given.includes('-----BEGIN ')) return given;
    try {
      return readFileSync(given, 'utf8');
    } catch (cause) {
      throw new SecretError(`${source}: ${shownPath(given)} cannot be read`, { cause });
    }
  },
});

function loginOf(options: KafkaSecurityOptions, names: Names): KafkaLogin | undefined {
  const { mechanism, username = '', tokenFile, tokenEndpointUrl: url = '', clientId = '', scope } = options;
  if (mechanism === undefined) return undefined;
  const secret = (option: 'password' | 'clientSecret'): Secret => {
    const file = options[`${option}File`];
    return file === undefined
      ? fixedSecret(names[option], options[option] ?? '')
      : secretInFile(names[`${option}File`], file);
  };
  if (mechanism !== 'OAUTHBEARER') return { mechanism, username, password: secret('password') };
  if (tokenFile !== undefined) return { mechanism, token: secretInFile(names.tokenFile, tokenFile) };
  return {
    mechanism,
    token: {
      source: names.tokenEndpointUrl,
      url,
      clientId,
      clientSecret: secret('clientSecret'),
      ...(scope === undefined ? {} : { scope }),
    },
  };
}
