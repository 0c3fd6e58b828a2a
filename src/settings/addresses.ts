/**
 * This module reads the addresses of servers in the forms in which people have them. A form that cannot be used as it
 * is meant is refused, because a driver would take it for another server.
 */
import { z } from 'zod';

/** Parts of an address without a scheme. IPv6 is in brackets, as it would be in a URL. */
interface HostPort {
  readonly host: string;
  readonly port?: string;
}

/** An `AddressError` says what was expected of an address. */
class AddressError extends Error {
  override readonly name = 'AddressError';
}

const HOST_PORT = /^(\[[\da-f:.]+\]|[^\s:/?#@,[\]%]+)(?::(\d{1,5}))?$/i;

/** @throws AddressError unless the text is a host with or without a port. */
function hostPort(text: string, expected: string): HostPort {
  const [, host, port] = HOST_PORT.exec(text) ?? [];
  if (host === undefined || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535) throw new AddressError(expected);
  return { host, ...(port === undefined ? {} : { port }) };
}

/** Makes a schema of a reader. Its issues say what the reader expected. */
const read = <T>(reader: (text: string) => T) =>
  z.string().transform((value, context): T => {
    try {
      return reader(value.trim());
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      context.addIssue({ code: 'custom', message: `expected ${error.message}` });
      return z.NEVER;
    }
  });

/** The address of a Temporal frontend: `host`, `host:port` or `[ipv6]:port`. The port is 7233 by default. */
export const temporalAddress = read((text) => {
  const { host, port = '7233' } = hostPort(text, 'host:port without a scheme, as in temporal.example.com:7233');
  return `${host}:${port}`;
});

/** The protocols of Kafka's listeners. */
export const SECURITY_PROTOCOLS = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] as const;
export type SecurityProtocol = (typeof SECURITY_PROTOCOLS)[number];

/**
 * Brokers with commas between them, each `host` or `host:port`, after the protocol of its listener (`SASL_SSL://`) or
 * not. The port is 9092 by default. IPv6 is refused, because kafkajs cuts a broker's address at its first colon.
 */
export const brokers = read((text) => {
  const items = brokersIn(text);
  if (items.length === 0) throw new AddressError('at least one host:port');
  for (const { scheme, protocol } of items) {
    if (scheme !== undefined && protocol === undefined) {
      throw new AddressError(`host:port, or SASL_SSL://host:port: ${scheme} is not supported`);
    }
  }
  if (protocolsIn(items).length > 1) throw new AddressError('one protocol for all brokers');
  return items.map(({ address }) => {
    if (address.startsWith('[')) throw new AddressError('a name or an IPv4 address: kafkajs takes no IPv6 address');
    const { host, port = '9092' } = hostPort(address, 'host:port, several with commas');
    return `${host}:${port}`;
  });
});

/** Returns the protocol in front of brokers that {@link brokers} takes; undefined when none stands there. */
export const protocolOf = (text: string): SecurityProtocol | undefined => protocolsIn(brokersIn(text))[0];

interface Broker {
  readonly scheme: string | undefined;
  readonly protocol: SecurityProtocol | undefined;
  readonly address: string;
}

const brokersIn = (text: string): Broker[] =>
  text
    .split(/[\s,]+/)
    .filter((item) => item !== '')
    .map((item) => {
      const [, scheme, address = item] = /^([a-z][\w+.-]*):\/\/(.*)$/i.exec(item) ?? [];
      return { scheme, protocol: SECURITY_PROTOCOLS.find((one) => one === scheme?.toUpperCase()), address };
    });

const protocolsIn = (items: readonly Broker[]): SecurityProtocol[] => [
  ...new Set(items.flatMap(({ protocol }) => protocol ?? [])),
];

const URL_FORM = 'a URL postgres://user:password@host:port/database';

/**
 * A URL of PostgreSQL, also with SQLAlchemy's scheme (`postgresql+asyncpg:`). The result names its host in front of the
 * path, be it the folder of a socket (`%2Frun%2Fpostgresql`), so that nobody takes another one.
 */
export const databaseUrl = read((text) => {
  const [, scheme = '', rest = ''] = /^([a-z][a-z\d+.:-]*?):\/\/(.*)$/is.exec(text) ?? [];
  if (/^jdbc:/i.test(text)) throw new AddressError(`${URL_FORM}, got one of JDBC: write it without "jdbc:"`);
  if (!/^postgres(ql)?(\+[a-z\d]+)?$/i.test(scheme)) {
    throw new AddressError(scheme === '' ? URL_FORM : `${URL_FORM}: ${scheme}: is another scheme`);
  }
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? '';
  const at = authority.lastIndexOf('@');
  const [userinfo, given] = [authority.slice(0, at + 1), authority.slice(at + 1)];
  const after = rest.slice(authority.length);
  // A / or ? or # in a password ends the authority: what stands before it would be taken for the host.
  if (/[@#]/.test(after)) throw new AddressError(`${URL_FORM} whose user and password are percent-encoded`);
  const [path = '', query = ''] = after.split('?', 2);
  const parameters = new URLSearchParams(query);
  // As in libpq, these parameters come before what stands in front of the path.
  const [host, port] = [parameters.get('host'), parameters.get('port')];
  parameters.delete('host');
  parameters.delete('port');
  const named = addressOf(host ?? given, port ?? undefined);
  const search = parameters.size === 0 ? '' : `?${parameters.toString()}`;
  const url = `postgres://${userinfo}${named}${path}${search}`;
  if (!URL.canParse(url)) throw new AddressError(`${URL_FORM} whose user and password are percent-encoded`);
  return url;
});

/**
 * Returns the host of a URL, with its port.
 * @param port the port that stands elsewhere. @throws AddressError unless one host is named, and one port.
 */
function addressOf(text: string, port?: string): string {
  const decoded = /^%2f/i.test(text) ? decodeURIComponent(text) : text;
  if (decoded.includes(',')) throw new AddressError('one host: the driver connects to one only');
  const [, folder, folderPort] = /^(\/[^:]*)(?::(\d{1,5}))?$/.exec(decoded) ?? [];
  const isBareIpv6 = /^[\da-f]*:[\da-f.]*:[\da-f:.]*$/i.test(decoded);
  const named =
    folder === undefined
      ? hostPort(isBareIpv6 ? `[${decoded}]` : decoded, 'a host name, an IP address or the folder of a socket')
      : { host: encodeURIComponent(folder), ...(folderPort === undefined ? {} : { port: folderPort }) };
  if (port !== undefined && port !== (named.port ?? port)) {
    throw new AddressError(`one port: the host has ${named.port ?? ''}, and the port is ${port}`);
  }
  const known = named.port ?? port;
  return known === undefined ? named.host : `${named.host}:${known}`;
}

/** The host of a database: a name, an IP address, or the folder of a socket; also with a port after a colon. */
export const databaseHost = read((text) => addressOf(text));

function urlOf(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new AddressError('a URL http://host:port');
  return text;
}

/** A URL that is asked word for word: to a server, one with a slash at its end may be another. */
export const httpUrl = read(urlOf);

/** The address of a page, to which paths are added. */
export const pageUrl = read((text) => urlOf(text).replace(/\/+$/, ''));
