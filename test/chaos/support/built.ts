/** This module makes the build before the tests of faults start `bridge` from it. */
import { buildIfStale } from '../../support/build.js';

export const mochaGlobalSetup = buildIfStale;
