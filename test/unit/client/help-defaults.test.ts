// What `--help` calls a default can be typed as it stands there, and means the same.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Command, Option } from 'commander';
import { makeProgram } from '../../../client/cli.ts';

const SILENT = { out: noop, err: noop };

function noop(): void {
  // Nothing is printed here.
}

function optionsOf(command: Command): { command: Command; option: Option }[] {
  return [
    ...command.options.map((option) => ({ command, option })),
    ...command.commands.flatMap((each) => optionsOf(each)),
  ];
}

describe('a default value shown by --help', () => {
  it('is accepted by its option and is the real default', async () => {
    const withDefault = optionsOf(await makeProgram([], SILENT)).filter(
      ({ option }) => option.defaultValue !== undefined && (option.required || option.optional),
    );
    assert.ok(withDefault.length > 10, String(withDefault.length));
    for (const { command, option } of withDefault) {
      const shown = /\(default: (.*?)\)/.exec(command.createHelp().optionDescription(option))?.[1] ?? '';
      // Without a text of its own, commander shows a default as JSON.
      const typed = option.defaultValueDescription ?? shown.replaceAll('"', '');
      const taken: unknown =
        option.parseArg === undefined ? typed : option.parseArg(typed, undefined as never);
      assert.deepEqual(taken, option.defaultValue, `${command.name()} ${option.flags}: ${shown}`);
    }
  });

  it('is one hour for --every', async () => {
    const program = await makeProgram(['stream'], SILENT);
    const create = program.commands[0]?.commands.find((command) => command.name() === 'create');
    assert.match(create?.helpInformation() ?? '', /--every <duration> .*\(default: 1h\)/);
  });
});
