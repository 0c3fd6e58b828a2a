import { counted } from '../intents/definition.js';
import { groupBy } from '../values/group-by.js';
import { startOf } from '../values/text.js';

/** A name that can be an intent type's. Whatever else a caller wrote is not for the Web UI, which reads Markdown. */
const NAME = /^[A-Za-z][A-Za-z0-9]{0,39}$/;

/**
 * Returns the summary for the Web UI, such as `20 intents: 10 PersistState, 10 PublishEvent`; at most 180 characters.
 */
export function summaryOf(intents: readonly unknown[]): string {
  const byType = groupBy(intents, (intent) => {
    const type: unknown =
      typeof intent === 'object' && intent !== null ? Reflect.get(intent, 'intent_type') : undefined;
    return typeof type === 'string' && NAME.test(type) ? type : 'unknown';
  });
  const types = [...byType].map(([type, ofType]) => `${ofType.length} ${type}`).join(', ');
  return startOf(`${counted(intents.length, 'intent')}${types === '' ? '' : `: ${types}`}`, 180);
}
