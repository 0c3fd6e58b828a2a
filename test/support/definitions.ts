import { builtinEffects, definitionsOf } from '../../activities/index.js';

/** The registry's definitions by type. */
export const definitions = definitionsOf(builtinEffects);
