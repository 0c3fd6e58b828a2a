// This script is the last step of the build: it writes the workflow bundles that production workers start from.
import { writeBundles } from '../dist/src/temporal/bundle.js';

await writeBundles('dist');
