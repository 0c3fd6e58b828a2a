// This script is the last step of the build: it writes the workflow bundle that a production worker starts from.
import { writeBundle } from '../dist/src/temporal/bundle.js';

await writeBundle('dist/workflow-bundle.js');
