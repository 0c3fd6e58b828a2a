/**
 * This program downloads a version of Temporal's CLI into a folder, and starts it once. Its arguments are version and
 * folder.
 */
import { TestWorkflowEnvironment } from '@temporalio/testing';

const [version = '', downloadDir = ''] = process.argv.slice(2);
try {
  // The package has no other way to its downloader than to start the server that it has downloaded.
  const executable = { type: 'cached-download', version, downloadDir } as const;
  const server = await TestWorkflowEnvironment.createLocal({ server: { executable } });
  await server.teardown();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
