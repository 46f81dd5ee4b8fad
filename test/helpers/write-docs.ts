/** Writes the generated tables of the pages: `npm run docs`. */
import { writeFileSync } from 'node:fs';
import { pageTables, pageText, withSection } from './page-tables.ts';

for (const [page, tables] of Object.entries(pageTables())) {
  let text = pageText(page);
  for (const [name, table] of Object.entries(tables)) text = withSection(text, name, table);
  writeFileSync(new URL(`../../${page}`, import.meta.url), text);
}
