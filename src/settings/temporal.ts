/** This module holds the settings of Temporal. Those of its connection are the variables of Temporal's own SDKs. */
import { z } from 'zod';
import { pageUrl, temporalAddress } from './addresses.js';
import { LOCAL_STACK, setting } from './setting.js';

/** These readers connect to Temporal. */
const readBy = ['worker', 'intake', 'CLI', 'client', 'stack'] as const;

/** Makes a schema of its own for each variable, because a variable's text is found by its schema. */
const text = () => z.string().optional();

/** The rest of a variable that the profile stands in for. */
const PROFILE = "the profile's";

const pemFile = (about: string, change: string) =>
  setting(text(), {
    readBy,
    type: 'path of a PEM file',
    unset: PROFILE,
    about: `It is the path of ${about}. The file is read again for each new connection. TLS is on with it.`,
    change,
  });

const pemText = (about: string) =>
  setting(text(), {
    readBy,
    type: 'PEM text',
    unset: PROFILE,
    about: `It is the text of ${about}, instead of a path.`,
    change: 'Set it only where there is no file: it cannot change without a restart.',
  });

/**
 * Matches a name of a deployment or of a build. Temporal joins the two by `.` or `:`, and puts them without an escape
 * into its own query for open executions.
 */
export const VERSION_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,199}$/;
export const VERSION_NAME_IS = 'expected 1 to 200 letters, digits, "_" and "-", a letter or digit first';

const deploymentName = z.string().regex(VERSION_NAME, VERSION_NAME_IS);

export const temporal = {
  TEMPORAL_ADDRESS: setting(temporalAddress.optional(), {
    readBy,
    type: '`host:port`; port 7233 without one',
    unset: `${PROFILE}, else ${LOCAL_STACK}; \`localhost:7233\` for the client`,
    about: 'It is the address of the Temporal frontend. A server named here is used, never started and never stopped.',
    change: "Set it wherever Temporal is not the local stack's.",
  }),
  TEMPORAL_NAMESPACE: setting(text(), {
    readBy,
    type: 'text',
    unset: `${PROFILE}, else \`default\``,
    about:
      'It is the Temporal namespace of the executions and schedules. `bridge setup` creates a missing one, which keeps executions for 7 days.',
    change: 'Give each installation on a shared server its own. On Temporal Cloud it is `name.account`.',
  }),
  TEMPORAL_TASK_QUEUE: setting(z.string().default('bridge-store-effect'), {
    readBy: ['worker', 'intake', 'CLI', 'client'],
    about:
      "It is the task queue that workers poll and clients start executions on. Its name is part of every schedule's id.",
    change: 'Give each installation in a shared namespace its own, and its clients the same.',
  }),
  TEMPORAL_DEPLOYMENT_NAME: setting(deploymentName.optional(), {
    readBy: ['worker', 'bridge deploy', 'bridge doctor'],
    type: 'letters, digits, `_` and `-`; at most 200',
    unset: 'workers have no version, and each of them takes every list',
    about:
      'It is the name of the worker deployment, and switches versioning on: each build of the workflow code is a version. `bridge deploy` says which one gets new lists ([Deploy on Kubernetes](deploy.md#versions)).',
    change:
      'Set it where a deploy must not move open lists to other workflow code. It is the same for all workers of an installation, and another one for each installation in a namespace. Run `bridge deploy current` afterwards: before that nobody takes new lists.',
  }),
  TEMPORAL_UI_URL: setting(pageUrl.optional(), {
    readBy: ['CLI', 'stack'],
    type: 'URL',
    unset: `${LOCAL_STACK}; none for a server that \`TEMPORAL_ADDRESS\` names`,
    about: 'It is the address of the Temporal Web UI. Commands print links to executions with it.',
    change: 'Set it together with `TEMPORAL_ADDRESS`, or commands print no links.',
  }),
  TEMPORAL_CONFIG_FILE: setting(text(), {
    readBy,
    type: 'path of a TOML file',
    unset: "`temporalio/temporal.toml` in the folder of the user's settings, if there is one",
    about:
      "It is the file of connection profiles that Temporal's own tools read too. A variable that is set comes before the same field of the profile.",
    change: 'Set it where profiles are mounted, or to an empty file to keep the one of the user out.',
  }),
  TEMPORAL_PROFILE: setting(text(), {
    readBy,
    type: 'text',
    unset: '`default`, if the file has it',
    about: 'It is the name of the profile: address, namespace, TLS, API key and headers.',
    change: 'Set it where a file has several.',
  }),
  TEMPORAL_API_KEY: setting(text(), {
    readBy,
    type: 'text',
    unset: `${PROFILE}, else none`,
    about: 'It is the API key in each request to Temporal. TLS is on with it.',
    change: 'Set it for Temporal Cloud, or better `TEMPORAL_API_KEY_FILE`, which may change.',
  }),
  TEMPORAL_API_KEY_FILE: setting(text(), {
    readBy,
    type: 'path',
    unset: `${PROFILE}, else none`,
    about:
      'It is the file that holds the API key. A running process takes a changed key within 5 s. The old key has to be good until then.',
    change: 'Set it instead of `TEMPORAL_API_KEY` where keys are rotated.',
  }),
  TEMPORAL_TLS: setting(z.stringbool().optional(), {
    readBy,
    type: '`true` or `false`',
    unset: 'TLS is on where an API key or another setting of TLS is given',
    about: 'It says whether connections to Temporal use TLS. `false` switches TLS off, whatever else is set.',
    change: 'Set it to `true` for a server whose certificate the system trusts, without API key or client certificate.',
  }),
  TEMPORAL_TLS_CLIENT_CERT_PATH: pemFile(
    'the client certificate with the chain of its authorities',
    'Set it, with its key, where the server wants mutual TLS.',
  ),
  TEMPORAL_TLS_CLIENT_CERT_DATA: pemText('the client certificate'),
  TEMPORAL_TLS_CLIENT_KEY_PATH: pemFile(
    'the private key of the client certificate',
    'Set it with the client certificate.',
  ),
  TEMPORAL_TLS_CLIENT_KEY_DATA: pemText('the private key of the client certificate'),
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: pemFile(
    'the authorities that the certificate of the server may come from',
    'Set it where the certificate of the server comes from an authority of your own.',
  ),
  TEMPORAL_TLS_SERVER_CA_CERT_DATA: pemText('the authorities that the certificate of the server may come from'),
  TEMPORAL_TLS_SERVER_NAME: setting(text(), {
    readBy,
    type: 'host name',
    unset: `${PROFILE}, else the host of the address`,
    about: 'It is the name that the certificate of the server has to have.',
    change: 'Set it where the server is reached by another name than its certificate has.',
  }),
  TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: setting(
    z
      .stringbool()
      .refine((off) => !off, "expected false, because Temporal's SDK always verifies (see TEMPORAL_TLS_SERVER_NAME)")
      .optional(),
    {
      readBy,
      type: '`false`',
      unset: 'the certificate is verified',
      about:
        "Other tools of Temporal accept any server's certificate with it. The SDK for Node.js always verifies: `true` is refused here, and has no effect in a profile.",
      change: 'Name the host of the certificate in `TEMPORAL_TLS_SERVER_NAME` instead.',
    },
  ),
  'TEMPORAL_GRPC_META_*': setting(text(), {
    readBy,
    type: 'text',
    unset: PROFILE,
    about:
      "Each variable with this beginning is a header of every request: `TEMPORAL_GRPC_META_X_TEAM` is `x-team`. Only the first underscore becomes a dash, as in Temporal's SDK. An empty value removes the header of the profile.",
    change: 'Set it where a proxy in front of Temporal asks for a header.',
  }),
};
