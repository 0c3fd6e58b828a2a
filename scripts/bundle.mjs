// Last step of the build: the workflow bundle a production worker starts from.
import { writeBundle } from '../dist/src/temporal/bundle.js';

await writeBundle('dist/workflow-bundle.js');
