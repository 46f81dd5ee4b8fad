/** Writes the README's tables anew from the code: `npm run docs`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { readmeTables, withSection } from './readme-tables.ts';

const README = new URL('../../README.md', import.meta.url);

let text = readFileSync(README, 'utf8');
for (const [name, table] of Object.entries(readmeTables())) text = withSection(text, name, table);
writeFileSync(README, text);
