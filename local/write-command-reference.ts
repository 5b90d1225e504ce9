// `npm run docs:cli`: writes the reference of all commands into docs/cli.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { makeProgram } from '../client/cli.ts';
import { toCommandReference } from '../client/command-reference.ts';
import { withGenerated } from './generated-section.ts';

const DOCUMENT = fileURLToPath(new URL('../docs/cli.md', import.meta.url));

const terminal = { out: console.log, err: console.error };
const reference = toCommandReference(await makeProgram([], terminal));
writeFileSync(DOCUMENT, withGenerated(readFileSync(DOCUMENT, 'utf8'), 'npm run docs:cli', reference));
