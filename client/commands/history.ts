// `room-streams migrate | analyse`: what an operator does to the history. These open ClickHouse themselves, as its administrator:
// no activity does this work.
import { type Command } from 'commander';
import { analyse } from '../../history/analyse.ts';
import { openConnection } from '../../history/connection.ts';
import { migrate } from '../../history/migrate.ts';
import { readClickHouseAdmin, readMigrationConfig } from '../../worker/config.ts';
import { type Terminal } from '../cli.ts';
import { withTemporal } from '../connect.ts';
import { ensureWatch } from '../ensure-watch.ts';
import { asAdministrator } from '../history-access.ts';
import { parseInstantMs } from '../parse-arguments.ts';
import { registerSearchAttributes } from '../register-search-attributes.ts';

export function addHistoryCommands(program: Command, terminal: Terminal): void {
  program
    .command('migrate')
    .description(
      'creates or upgrades the tables and views of the history; registers the search attributes with Temporal, and the watch over the streams',
    )
    .option('--no-temporal', 'leave Temporal alone')
    .addHelpText('after', '\nExample:\n  room-streams migrate')
    .action(async (options: { temporal: boolean }) => {
      const { admin, temporal } = options.temporal
        ? readMigrationConfig()
        : { admin: readClickHouseAdmin(), temporal: undefined };
      const applied = await asAdministrator(admin, () =>
        migrate(admin, (name) => terminal.out(`applied ${name}`)),
      );
      terminal.out(
        applied.length === 0 ? 'history: up to date' : `history: ${applied.length} migrations applied`,
      );
      if (temporal === undefined) return;
      await withTemporal(async (connected) => {
        const added = await registerSearchAttributes(connected);
        terminal.out(
          added.length === 0
            ? 'search attributes: up to date'
            : `search attributes: ${added.join(', ')} added`,
        );
        terminal.out(`watch over the streams: ${await ensureWatch(connected)}`);
      }, temporal);
    });
  program
    .command('analyse')
    .description('computes the track totals of finalised rooms from their samples')
    .requiredOption('--project <id>', 'whose rooms')
    .requiredOption('--from <time>', 'finalised at or after, with its zone', parseInstantMs)
    .requiredOption('--to <time>', 'finalised before, with its zone', parseInstantMs)
    .addHelpText(
      'after',
      '\nExample:\n  room-streams analyse --project acme --from 2026-11-23T00:00Z --to 2026-11-24T00:00Z',
    )
    .action(async (options: { project: string; from: number; to: number }) => {
      const admin = readClickHouseAdmin();
      const connection = openConnection(admin);
      try {
        await asAdministrator(admin, () =>
          analyse(connection, {
            projectId: options.project,
            finalizedFromMs: options.from,
            finalizedToMs: options.to,
          }),
        );
        terminal.out(`track totals of project ${options.project} are up to date`);
      } finally {
        await connection.close();
      }
    });
}
