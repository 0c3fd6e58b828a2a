/**
 * `npm run api` compares the public types with the accepted ones in `contract/api/`, after a build. A changed type
 * fails until somebody accepts it with `npm run api:accept`, so that no caller's code breaks unseen.
 */
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';

const ENTRIES = { client: 'dist/src/client/index.d.ts', rollout: 'dist/src/rollout/index.d.ts' };
const accept = process.argv.includes('--accept');

/** Messages that say how to write a comment, not what a type is; ESLint and the words' check judge our comments. */
const quiet = { default: { logLevel: 'none' } };

const say = (line) => process.stderr.write(`${line}\n`);

let changed = false;
for (const [name, entry] of Object.entries(ENTRIES)) {
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: process.cwd(),
      mainEntryPointFilePath: entry,
      compiler: { tsconfigFilePath: 'tsconfig.build.json' },
      apiReport: {
        enabled: true,
        reportFolder: 'contract/api',
        reportTempFolder: '.cache/api',
        reportFileName: `${name}.api.md`,
      },
      newlineKind: 'lf',
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      messages: { compilerMessageReporting: quiet, extractorMessageReporting: quiet, tsdocMessageReporting: quiet },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: `${process.cwd()}/package.json`,
  });
  const { apiReportChanged } = Extractor.invoke(config, {
    localBuild: accept,
    messageCallback: (message) => (message.handled = true),
  });
  if (!apiReportChanged) continue;
  changed = true;
  say(
    accept
      ? `contract/api/${name}.api.md is accepted`
      : `The public types of ${name} have changed: compare .cache/api/${name}.api.md with contract/api/${name}.api.md`,
  );
}
if (changed && !accept) {
  say('Accept them with `npm run api:accept`, and say in CHANGELOG.md what a caller has to change.');
  process.exitCode = 1;
}
