// `npm run docs:configuration`: writes the tables of variables into docs/configuration.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { toConfigurationTables } from './configuration-tables.ts';
import { withGenerated } from './generated-section.ts';

const DOCUMENT = fileURLToPath(new URL('../docs/configuration.md', import.meta.url));
const EXAMPLE = fileURLToPath(new URL('../.env.example', import.meta.url));

const tables = toConfigurationTables(readFileSync(EXAMPLE, 'utf8'));
writeFileSync(DOCUMENT, withGenerated(readFileSync(DOCUMENT, 'utf8'), 'npm run docs:configuration', tables));
