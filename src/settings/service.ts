/** This module holds the settings of the service itself: schedules, rollout, names, processes and the local stack. */
import { hostname } from 'node:os';
import envPaths from 'env-paths';
import { z } from 'zod';
import { parseShare } from '../domain/rollout/share.js';
import { seconds, setting, whole, word } from './setting.js';

/** A cache of less than 4 has no room for two workflow tasks: they wait in the worker, and time out. */
const cachedWorkflows = whole(0, 100_000).refine((count) => count === 0 || count >= 4, 'expected 0, or at least 4');

export const maintenance = {
  LEDGER_RETENTION_DAYS: setting(whole(0, 36_500).default(30), {
    readBy: ['worker', 'bridge setup', 'bridge doctor'],
    about:
      'It is the number of days for which the ledger is kept; 0 keeps it for ever. It has to be longer than Temporal keeps executions and topics keep messages ([ADR 0007](adr/0007-retention-and-sweep.md)).',
    change:
      'Raise it with the retention of a topic or of the namespace; `bridge doctor` says how far. Run `bridge setup` afterwards.',
  }),
  FSM_RETENTION_DAYS: setting(whole(0, 36_500).default(0), {
    readBy: ['worker', 'bridge setup', 'bridge doctor'],
    about:
      'It is the number of days for which transitions, and workflows that have ended, are kept; 0 keeps them for ever. A workflow that has not ended keeps its state and its newest transition, however old. It has to be longer than Temporal keeps executions and topics keep messages ([ADR 0029](adr/0029-ended-workflows.md)).',
    change:
      'Set it when nobody needs the history of workflows that ended longer ago. Run `bridge setup` afterwards, and restart the workers.',
  }),
  SWEEP_SECONDS: setting(whole(0, 86_400).default(300), {
    readBy: ['bridge setup'],
    about:
      'It is the number of seconds between two sweeps. A sweep announces the effects of executions that were terminated or timed out. 0 removes the schedule.',
    change: 'Lower it when consumers have to hear of such effects sooner. Run `bridge setup` afterwards.',
  }),
  RECOVERY_SECONDS: setting(whole(0, 31_536_000).default(86_400), {
    readBy: ['bridge setup'],
    about:
      'It is the number of seconds between two recoveries. A recovery emits the FSM state of every workflow for the reducers. 0 removes the schedule.',
    change:
      'Set it to 0 when reducers ask by themselves, or lower it when they lose states often. Run `bridge setup` afterwards.',
  }),
  RECOVERY_PAUSED: setting(z.stringbool().default(false), {
    readBy: ['bridge setup'],
    about:
      "It says whether `bridge setup` creates the recovery's schedule paused. A schedule that exists is left as it is.",
    change: 'Set it to `true` when a person is to start recoveries from the Web UI.',
  }),
  OUTAGE_BUDGET_SECONDS: setting(seconds(86_400).default(900), {
    readBy: ['worker'],
    about:
      'It says how long an outage of a store is waited out, in seconds, from the first failure that the worker saw. Then the intents end: as `unknown` while the store cannot be asked whether they had their effect, else as `failed`.',
    change: 'Raise it above the longest outage that must not fail a list, such as a planned maintenance.',
  }),
};

export const rollout = {
  ENABLE_INTENT_PUBLISHER: setting(
    z
      .string()
      .transform((value) => parseShare(value))
      .refine((percent) => percent !== null, 'expected true, false or 0 to 100')
      .optional(),
    {
      readBy: ['bridge setup'],
      type: '`true`, `false`, or a whole percentage from 0 to 100',
      unset: 'the share that is set, 0 as long as none is',
      about:
        'It is the percentage of correlation ids that take this service beside a legacy path, as long as no share has been set. A `RolloutRouter` takes the same value as its option `enabled` ([ADR 0010](adr/0010-rollout.md)).',
      change: 'Set it for the first `bridge setup` of a rollout. Afterwards `bridge rollout set` changes the share.',
    },
  ),
};

export const identity = {
  ENVIRONMENT: setting(word(['development', 'test', 'staging', 'production']).default('development'), {
    readBy: ['worker', 'bridge emit'],
    about:
      'It is the `environment` of every envelope. It also chooses how batches are made: `production` and `staging` compress and linger, the others do not.',
    change: 'Set it in every deployment.',
  }),
  REGION: setting(z.string().default('local'), {
    readBy: ['worker', 'bridge emit'],
    about: 'It is the `region` of every envelope.',
    change: 'Set it in every deployment that has regions.',
  }),
  SERVICE_INSTANCE: setting(z.string().default(hostname()), {
    readBy: ['worker', 'intake', 'bridge setup', 'bridge doctor'],
    unset: "the host's name",
    about:
      'It is the name of this process: `source_instance` in envelopes, the client id towards Kafka, the application name in PostgreSQL.',
    change: 'Set it when several processes run on one host, or when host names say nothing.',
  }),
  DEPLOYMENT_ID: setting(z.string().max(200).optional(), {
    readBy: ['worker', 'bridge deploy'],
    unset: 'the hash of the workflow code',
    about:
      'It is the name of a deployment. `bridge worker --recover-on-start` starts one recovery for each name. With `TEMPORAL_DEPLOYMENT_NAME` it begins the build id of the version, in front of the hash, and has letters, digits, `_` and `-` only.',
    change: 'Set it when a deployment without new workflow code shall recover, or be a version of its own.',
  }),
};

export const processes = {
  PORT: setting(whole(0, 65_535).default(8080), {
    readBy: ['worker', 'intake'],
    about: 'It is the port of `/health`, `/ready` and `/metrics`. 0 takes any free port, and the log names it.',
    change: 'Set it when the port is taken, or to 0 for several workers on one host.',
  }),
  HOST: setting(z.string().optional(), {
    readBy: ['worker', 'intake'],
    type: 'host name or IP address',
    unset: 'all addresses of the machine, as probes of Kubernetes come from outside the pod',
    about: 'It is the address on which `/health`, `/ready` and `/metrics` are served.',
    change: 'Set it to `127.0.0.1` where only processes of the same host or pod ask.',
  }),
  HTTP_TLS_CERT: setting(z.string().optional(), {
    readBy: ['worker', 'intake'],
    type: 'path of a PEM file',
    unset: 'HTTP without TLS',
    about:
      'It is the certificate, with its chain, of `/health`, `/ready` and `/metrics`. A changed file is taken within 5 s.',
    change: 'Set it, with `HTTP_TLS_KEY`, where metrics cross a network. Probes then need `scheme: HTTPS`.',
  }),
  HTTP_TLS_KEY: setting(z.string().optional(), {
    readBy: ['worker', 'intake'],
    type: 'path of a PEM file',
    unset: 'HTTP without TLS',
    about: 'It is the private key of `HTTP_TLS_CERT`.',
    change: 'Set it with the certificate.',
  }),
  HTTP_TOKEN: setting(z.string().optional(), {
    readBy: ['worker', 'intake'],
    type: 'text without spaces',
    unset: 'no token is asked for',
    about:
      'It is the token that `/metrics` asks for: `Authorization: Bearer TOKEN`. `/health` and `/ready` stay open, because probes have none.',
    change: 'Set it where others can reach the port, with TLS. `HTTP_TOKEN_FILE` may change.',
  }),
  HTTP_TOKEN_FILE: setting(z.string().optional(), {
    readBy: ['worker', 'intake'],
    type: 'path',
    unset: 'no token is asked for',
    about: 'It is the file that holds the token. It is read for each request.',
    change: 'Set it instead of `HTTP_TOKEN` where tokens are rotated.',
  }),
  LOG_LEVEL: setting(word(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'), {
    readBy: ['worker', 'intake', 'CLI'],
    about: 'It is the lowest level that is logged. Logs are JSON lines on standard error.',
    change: 'Set it to `debug` to look into a fault, to `warn` when logs are paid for by the line.',
  }),
  SHUTDOWN_GRACE_SECONDS: setting(seconds(600).default(30), {
    readBy: ['worker', 'intake'],
    about:
      'It says how long running activities may take to finish after SIGTERM, in seconds. A worker is ended 10 s later all the same. An intake in a worker stops before that, and has half of the time; `bridge intake` has all of it.',
    change:
      'Raise it for slow activities. The platform has to wait half as long again and 20 s, which is 65 s by default.',
  }),
  MAX_CACHED_WORKFLOWS: setting(cachedWorkflows.default(1_000), {
    readBy: ['worker'],
    about: 'It says how many workflows a worker keeps in memory. One that is not kept is replayed from its history.',
    change:
      'Lower it when a worker takes too much memory: to 4 at least, or to 0, which keeps none. Below 80 a worker also takes fewer workflow tasks at once.',
  }),
  MAX_CONCURRENT_ACTIVITIES: setting(whole(1, 10_000).default(100), {
    readBy: ['worker'],
    about: 'It says how many activities a worker runs at once.',
    change: 'Lower it to protect the stores from one worker; scale out with more workers.',
  }),
};

export const localStack = {
  BRIDGE_STACK_MODE: setting(word(['auto', 'native', 'compose']).default('auto'), {
    readBy: ['stack'],
    about:
      'It says how the local servers run: in containers (`compose`) or as processes (`native`). `auto` takes containers where an engine answers.',
    change:
      'Set it when both are possible and you want the other. A stack keeps its kind until `bridge stack down --purge`.',
  }),
  BRIDGE_STACK_DIR: setting(z.string().default('.stack'), {
    readBy: ['stack'],
    type: 'path',
    about: "It is the folder of the local servers' data and logs, from the working directory.",
    change: 'Give each local stack its own to run several side by side.',
  }),
  BRIDGE_CACHE_DIR: setting(z.string().default(envPaths('bridge-store-effect', { suffix: '' }).cache), {
    readBy: ['stack'],
    type: 'path',
    unset: "the user's cache folder, `bridge-store-effect` in it",
    about: 'It is the folder of the servers that were downloaded or built. All stacks of a user share it.',
    change: 'Set it to a folder that your CI keeps between runs.',
  }),
  NO_COLOR: setting(z.string().optional(), {
    readBy: ['CLI'],
    unset: 'colours on a terminal',
    type: 'any text',
    about: 'Commands print no colours when it is set.',
    change: 'Set it when a log collector keeps escape sequences.',
  }),
};
