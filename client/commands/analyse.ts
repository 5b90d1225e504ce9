// `room-streams analyse`: computes track totals after another program has written peers and samples to the
// history. It opens ClickHouse itself as an administrator, because no activity does this work.
import type { Command } from 'commander';
import { analyse } from '../../history/analyse.ts';
import { openConnection } from '../../clickhouse/connection.ts';
import { readClickHouseAdmin } from '../../config/config.ts';
import type { Terminal } from '../cli.ts';
import { asAdministrator } from '../history-access.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { parseInstantMs, parseProjectId } from '../parse-arguments.ts';
import { toRfc3339 } from '../../workflows/model/interval.ts';

export function addAnalyseCommand(program: Command, terminal: Terminal): void {
  program
    .command('analyse')
    .description('computes the track totals of finalised rooms from their samples')
    .requiredOption('--project <id>', 'whose rooms', parseProjectId)
    .requiredOption('--from <time>', 'finalised at or after, with its zone', parseInstantMs)
    .requiredOption('--to <time>', 'finalised before, with its zone', parseInstantMs)
    .addHelpText(
      'after',
      '\nExample:\n  room-streams analyse --project acme --from 2026-11-23T00:00Z --to 2026-11-24T00:00Z',
    )
    .action(async (options: { project: string; from: number; to: number }) => {
      const { project: projectId, from: finalizedFromMs, to: finalizedToMs } = options;
      if (finalizedToMs <= finalizedFromMs) {
        const got = `${toRfc3339(finalizedFromMs)} to ${toRfc3339(finalizedToMs)}`;
        throw new CommandError(
          `from, to: got ${got}, allowed: a range that ends after it begins`,
          EXIT.usage,
        );
      }
      const admin = readClickHouseAdmin();
      const connection = openConnection(admin);
      try {
        await asAdministrator(admin, () =>
          analyse(connection, { projectId, finalizedFromMs, finalizedToMs }),
        );
        terminal.out(`track totals of project ${projectId} are up to date`);
      } finally {
        await connection.close();
      }
    });
}
