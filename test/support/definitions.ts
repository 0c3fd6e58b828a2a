import { builtinEffects } from '../../activities/index.js';
import type { DefinitionsByType } from '../../src/domain/intents/parse.js';

/** The registry's definitions by type. */
export const definitions: DefinitionsByType = new Map(
  builtinEffects.map(({ definition }) => [definition.type, definition]),
);
