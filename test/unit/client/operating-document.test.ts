// docs/operating.md and the README against the command line: every command in them is given to the real
// parser. No server is there, so a command that parses ends with 4, and one that is misspelt with 2.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { runCli } from '../../../client/cli.ts';
import { EXIT } from '../../../client/exit-codes.ts';
import { ROOT } from '../../deployment-files.ts';

/** Nothing listens on the port of the discard service. */
const NOWHERE = { TEMPORAL_ADDRESS: '127.0.0.1:9', CLICKHOUSE_URL: 'http://127.0.0.1:9' };

const OPERATING = read('docs/operating.md');

describe('the commands of the documents', () => {
  const held = { ...process.env };
  before(() => Object.assign(process.env, NOWHERE));
  after(() => {
    process.env = held;
  });

  for (const [file, atLeast] of [
    ['docs/operating.md', 15],
    ['README.md', 5],
  ] as const) {
    it(`are accepted by the command line (${file})`, async () => {
      const commands = commandsOf(read(file));
      assert.ok(commands.length >= atLeast, `${commands.length} commands were found`);
      const codes = await Promise.all(commands.map(async (command) => [command, await codeOf(command)]));
      assert.deepEqual(
        codes.filter(([, code]) => code !== EXIT.unreachable),
        [],
      );
    });
  }

  it('are rejected by this test when they are misspelt', async () => {
    assert.equal(await codeOf('room-streams run rtry calls'), EXIT.usage);
    assert.equal(await codeOf('room-streams status --wacth'), EXIT.usage);
    assert.equal(await codeOf('room-streams run retry calls 2026-11-23T10:15:00'), EXIT.usage);
  });

  it('list the exit codes that the command line uses', () => {
    const listed = [...OPERATING.matchAll(/^\| (\d+)[^|]* \|/gm)].map(([, code]) => Number(code));
    for (const code of Object.values(EXIT)) assert.ok(listed.includes(code), `exit code ${code} is listed`);
  });
});

/** In blocks and in running text, without the comments behind them. */
function commandsOf(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/^ *```sh\n(.*?)\n *```$/gms)].map(([, block = '']) => block);
  const inBlocks = blocks.flatMap((block) =>
    [...block.matchAll(/^ *(room-streams [^\n#]+)/gm)].map(([, command = '']) => command),
  );
  const inText = [...markdown.matchAll(/`(room-streams [^`]+)`/g)].map(([, command = '']) => command);
  return [...new Set([...inBlocks, ...inText].map((command) => command.trim()))];
}

async function codeOf(command: string): Promise<number> {
  const quiet = { out: () => undefined, err: () => undefined };
  const words = [...command.matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted]) => quoted ?? word);
  return runCli(words.slice(1), quiet);
}

function read(file: string): string {
  return readFileSync(`${ROOT}${file}`, 'utf8');
}
