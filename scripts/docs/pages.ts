/** The generated pages of the documents. */
import { intentsPage } from './intents-page.js';
import { settingsPage } from './settings-page.js';

/** What makes them all anew. */
export const COMMAND = 'npm run docs';

/** Makers of the pages by path from the root of the project. What they make is the same on every machine, and not yet laid out by Prettier. */
export const PAGES = {
  'docs/settings.md': settingsPage,
  'docs/intents.md': intentsPage,
} as const satisfies Readonly<Record<string, () => string>>;

/** A page without what Prettier decides: padding of tables, line breaks of JSON. Laying a page out takes seconds, which a test has not. */
export const essenceOf = (page: string): string => page.replace(/\s+/g, '').replace(/-+/g, '-');
