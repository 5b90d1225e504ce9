// `npm run docs:fields`: writes the table of fields into docs/measurements.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { toFieldTable } from '../document/field-table.ts';
import { withGenerated } from './generated-section.ts';

const DOCUMENT = fileURLToPath(new URL('../docs/measurements.md', import.meta.url));
writeFileSync(DOCUMENT, withGenerated(readFileSync(DOCUMENT, 'utf8'), 'npm run docs:fields', toFieldTable()));
