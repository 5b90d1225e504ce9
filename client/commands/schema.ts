// `room-streams schema`: prints the JSON Schema of the files, for readers that validate them or generate
// code. It asks no server.
import type { Command } from 'commander';
import { toFileSchema } from '../../document/json-schema.ts';
import type { FieldSet, FileFormat } from '../../workflows/model/stream.ts';
import type { Terminal } from '../cli.ts';
import { parseWord } from '../parse-arguments.ts';
import { printJson } from '../print.ts';

export function addSchemaCommand(program: Command, terminal: Terminal): void {
  program
    .command('schema')
    .description('prints the JSON Schema (draft 2020-12) of the files')
    .option('--fields <set>', 'which keys', parseWord(['standard', 'extended']), 'standard')
    .option(
      '--format <format>',
      'of the whole file, or of each line of an ndjson file',
      parseWord(['json', 'ndjson']),
      'json',
    )
    .option('--json', 'print as JSON, as is always done')
    .addHelpText('after', '\nExample:\n  room-streams schema --fields extended > rooms.schema.json')
    .action((options: { fields: FieldSet; format: FileFormat }) => {
      printJson(terminal, toFileSchema(options.fields, options.format));
    });
}
