import { counted } from '../intents/definition.js';
import { groupBy } from '../values/group-by.js';

/**
 * Returns the summary for the Web UI, such as `20 intents: 10 PersistState, 10 PublishEvent`; at most 180 characters.
 */
export function summaryOf(intents: readonly unknown[]): string {
  const byType = groupBy(intents, (intent) => {
    const type: unknown =
      typeof intent === 'object' && intent !== null ? Reflect.get(intent, 'intent_type') : undefined;
    return typeof type === 'string' ? type.slice(0, 40) : 'unknown';
  });
  const types = [...byType].map(([type, ofType]) => `${ofType.length} ${type}`).join(', ');
  return `${counted(intents.length, 'intent')}${types === '' ? '' : `: ${types}`}`.slice(0, 180);
}
