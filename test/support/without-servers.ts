/**
 * This module is for runs without servers. Nobody listens where a test would look for them, whatever stack is running.
 */
import { devNull } from 'node:os';

const NOBODY = '127.0.0.1:1';

process.env['TEMPORAL_ADDRESS'] = NOBODY;
// The profiles of whoever runs the tests are none of theirs.
process.env['TEMPORAL_CONFIG_FILE'] = devNull;
process.env['DATABASE_URL'] = `postgres://nobody@${NOBODY}/none`;
process.env['KAFKA_BOOTSTRAP_SERVERS'] = NOBODY;

// These runs are made again and again, so they have fewer cases. The thousand cases of a property are for the whole
// suite.
process.env['PROPERTY_CASES'] ??= '200';
process.env['MODEL_RUNS'] ??= '300';
