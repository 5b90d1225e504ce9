// `room-streams migrate`: creates or upgrades the history, and registers what Temporal needs. It opens
// ClickHouse itself as an administrator, because no activity does this work.
import type { Command } from 'commander';
import { migrate } from '../../history/migrate.ts';
import { readClickHouseAdmin, readMigrationConfig } from '../../config/config.ts';
import type { Terminal } from '../cli.ts';
import { withTemporal } from '../../temporal/connect.ts';
import { ensureWatch } from '../ensure-watch.ts';
import { asAdministrator } from '../history-access.ts';
import { registerSearchAttributes } from '../register-search-attributes.ts';

export function addMigrateCommand(program: Command, terminal: Terminal): void {
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
}
