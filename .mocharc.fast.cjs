/** `npm run test:fast`: the test files that need no servers. */
const { serverFree } = require('./test/support/server-free.cjs');

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
