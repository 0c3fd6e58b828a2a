/** This module is the public API of `bridge-store-effect/rollout`, for orchestrators that still have a legacy path. */
export { type Routed, RolloutRouter, type RouterOptions, RoutingError } from './router.js';
export { EffectError } from '../domain/failures/failure.js';
export type { Triggers } from '../domain/rollout/triggers.js';
