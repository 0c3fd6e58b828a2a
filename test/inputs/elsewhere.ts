/** This module names the tests of those rows of docs/inputs.md whose forms are not in a list. */

const TIMES = 'test/postgres/core/stored-times.test.ts';
const CLOCKS = 'test/postgres/states/transition-clocks.test.ts';
const ADDRESSES = 'test/settings/addresses.test.ts';
const UNKNOWN = 'test/cli/commands/setup.test.ts';
const DATABASES = 'test/postgres/schema/found-databases.test.ts';
const STATUS = 'test/cli/commands/status.test.ts';

/** The forms, each with the file that shows it and a text there: a title, or a value of its table. */
export const ELSEWHERE: Readonly<Record<string, readonly [file: string, text: string]>> = {
  'Infinite times, BC and far years in existing rows': [TIMES, 'of existing states are recovered as what they are'],
  'The current transition again, with a newer time': [CLOCKS, 'are duplicates when the current one comes again'],
  '`TEMPORAL_ADDRESS` without a port, or with IPv6 in brackets': [ADDRESSES, "['[::1]', '[::1]:7233']"],
  '`TEMPORAL_ADDRESS` with a scheme': [ADDRESSES, "'https://db.example:7233'"],
  '`KAFKA_BOOTSTRAP_SERVERS` with `PLAINTEXT://`, spaces, no port': [ADDRESSES, 'PLAINTEXT://a:1,plaintext://10.0.0.1'],
  'Brokers with `SSL://` or `SASL_SSL://`': [ADDRESSES, 'one protocol for all brokers'],
  'Brokers with IPv6': [ADDRESSES, 'a name or an IPv4 address: kafkajs takes no IPv6 address'],
  '`DATABASE_URL` with `postgresql+asyncpg://`, IPv6, or the folder of a socket': [ADDRESSES, "'postgresql+asyncpg://"],
  '`DATABASE_URL` with `jdbc:` or another scheme, without one, or without a host': [ADDRESSES, "'jdbc:postgresql://"],
  'A password with `/`, `?` or `#` that is not percent-encoded': [ADDRESSES, 'whose password the driver would take'],
  'Several hosts': [ADDRESSES, 'one host: the driver connects to one only'],
  '`PGHOST` with a port, IPv6, or the folder of a socket': [ADDRESSES, 'refuses two ports'],
  '`ENVIRONMENT`, `LOG_LEVEL`, `true` and other words': [ADDRESSES, 'are refused with the list of those there are'],
  'A variable that begins like a setting, and that nobody reads': [UNKNOWN, 'are named once by a command'],
  'A database with another encoding than UTF8': [DATABASES, 'are refused by setup, and named by doctor'],
  '`bridge status ID` of a list, an emitted list (event id or request id), a slice, a recovery, a redrive, a sweep, a prune':
    [STATUS, "['PruneLedgerWorkflow', [], "],
  'An empty id': [STATUS, 'expected a request id, an event id or a workflow id, got nothing'],
  'Quotation marks in ids and names of queues': [STATUS, 'shows a list whose id has quotation marks'],
};
