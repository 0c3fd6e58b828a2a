/** `npm run test:fast`: the test files that need no servers. */
const { serverFree } = require('./test/support/server-free.cjs');

// The inner loop: mistakes and mutants are tried with two and three times as many.
process.env['PROPERTY_CASES'] ??= '100';
process.env['MODEL_RUNS'] ??= '100';

module.exports = {
  'node-option': ['import=tsx'],
  spec: serverFree(),
  require: ['test/support/without-servers.ts'],
  reporter: 'test/support/reporter.cjs',
  parallel: true,
  jobs: 3,
  timeout: 60_000,
  slow: 2_000,
  forbidOnly: true,
  forbidPending: true,
};
