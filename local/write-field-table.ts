// `npm run docs:fields`: writes the table of fields into docs/measurements.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { withFieldTable } from '../document/field-table.ts';

const DOCUMENT = fileURLToPath(new URL('../docs/measurements.md', import.meta.url));
writeFileSync(DOCUMENT, withFieldTable(readFileSync(DOCUMENT, 'utf8')));
