/** The local stack is Temporal, PostgreSQL and Kafka, started where no address of them is given. */
export { stackUp } from './up.js';
export { stackStatus } from './status.js';
export { stackDown } from './down.js';
export { StackError } from './errors.js';
export type { StackOptions, StackProgress } from './types.js';
