/**
 * Which folder may import which: a folder may import those named for it and itself, types included. Folders further up come later here,
 * so that no import points up.
 */
const mayImport = {
  'src/domain': [],
  'src/flow-control': ['src/domain'],
  'src/postgres': ['src/domain', 'src/flow-control', 'src/endpoints.ts'],
  'src/kafka': ['src/domain', 'src/flow-control', 'src/config.ts', 'src/endpoints.ts', 'src/secret.ts'],
  'src/payloads': ['src/domain', 'src/config.ts', 'src/paths.ts', 'src/secret.ts'],
  'src/temporal': ['src/domain', 'src/flow-control', 'src/paths.ts', 'src/endpoints.ts', 'src/secret.ts'],
  workflows: ['src/domain'],
  activities: ['src/domain'],
  'src/intake': [
    ...['src/domain', 'src/flow-control', 'src/kafka', 'src/payloads', 'src/config.ts', 'src/endpoints.ts'],
    ...['src/temporal/connect.ts', 'src/temporal/login-watch.ts', 'src/temporal/refusal.ts'],
  ],
  'src/client': [
    ...['src/domain', 'src/kafka', 'workflows/execution', 'activities/registry.ts', 'src/flow-control/until.ts'],
    ...['src/temporal/connect.ts', 'src/temporal/inspect.ts', 'src/temporal/polls.ts'],
    ...['src/payloads/data-converter.ts', 'src/config.ts', 'src/endpoints.ts', 'src/secret.ts'],
  ],
  'src/contract': ['src/domain', 'src/intake/envelope-reader.ts'],
  'src/rollout': ['src/domain', 'src/postgres', 'src/client', 'src/config.ts'],
  'src/worker': [
    ...['src/domain', 'src/flow-control', 'src/postgres', 'src/kafka', 'src/temporal', 'src/intake'],
    ...['src/payloads', 'activities', 'src/config.ts', 'src/endpoints.ts', 'src/paths.ts', 'src/secret.ts'],
  ],
  // A probe connects as a worker does, and a started server gets its database.
  'src/stack': [
    ...['src/endpoints.ts', 'src/kafka/client.ts', 'src/temporal/connect.ts', 'src/temporal/refusal.ts'],
    ...['src/postgres/core/client.ts', 'src/postgres/schema/database.ts'],
  ],
};

/** The same between the rooms of one folder. */
const mayNotImport = {
  'src/domain/values': ['src/domain/(?!values/)'],
  'src/domain/execution': ['src/domain/intake/'],
  'workflows/execution': ['workflows/(intake|maintenance)/'],
  'activities/attempts': ['activities/(?!attempts/)'],
  'activities/effects': ['activities/(?!(effects|attempts)/|ports\\.ts)'],
  'activities/execution': ['activities/(intake|maintenance)/'],
  'src/cli/views': ['src/cli/(?!views/)'],
  '(workflows|activities)': ['src/(postgres|kafka)/'],
};

const ours = '^(src|workflows|activities)/';

export default {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Files that import each other, by way of others or not, are one file in pieces.',
      severity: 'error',
      from: { path: ours },
      to: { circular: true },
    },
    ...Object.entries(mayImport).map(([folder, others]) => ({
      name: `layers: ${folder}`,
      comment: `${folder} may import ${others.length === 0 ? 'nothing of ours outside itself' : others.join(', ')}.`,
      severity: 'error',
      from: { path: `^${folder}/` },
      to: { path: ours, pathNot: [folder, ...others].map((other) => `^${other}(/|$)`) },
    })),
    ...Object.entries(mayNotImport).map(([room, others]) => ({
      name: `rooms: ${room}`,
      severity: 'error',
      from: { path: `^${room}/` },
      to: { path: others.map((other) => `^${other}`) },
    })),
  ],
  options: {
    // Types too: what a file has to know of another, it knows at compile time.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    includeOnly: ours,
  },
};
