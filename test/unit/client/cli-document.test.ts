// docs/cli.md against the command line: the document is what the generator prints, and it has every option.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Command } from 'commander';
import { makeProgram } from '../../../client/cli.ts';
import { toCommandReference } from '../../../client/command-reference.ts';
import { withGenerated } from '../../../local/generated-section.ts';
import { ROOT } from '../../deployment-files.ts';

const DOCUMENT = readFileSync(`${ROOT}docs/cli.md`, 'utf8');
const SILENT = { out: () => undefined, err: () => undefined };

describe('docs/cli.md', () => {
  it('is what the generator prints for the commands of today (npm run docs:cli)', async () => {
    const reference = toCommandReference(await makeProgram([], SILENT));
    assert.equal(DOCUMENT, withGenerated(DOCUMENT, 'npm run docs:cli', reference));
  });

  it('has every option of every command', async () => {
    const missing = flagsOf(await makeProgram([], SILENT)).filter((flags) => !DOCUMENT.includes(flags));
    assert.deepEqual(missing, ['-V, --version']);
  });
});

function flagsOf({ options, commands }: Command): string[] {
  return [...options.map(({ flags }) => flags), ...commands.flatMap(flagsOf)];
}
