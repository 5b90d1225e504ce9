// The command line in the process of a test, under the test's own environment.
import { runCli } from '../client/cli.ts';

export interface EndedCommand {
  code: number;
  out: string;
  err: string;
}

export async function runCliHere(args: readonly string[]): Promise<EndedCommand> {
  const written = { out: '', err: '' };
  const code = await runCli(args, {
    out: (text) => (written.out += `${text}\n`),
    err: (text) => (written.err += `${text}\n`),
  });
  return { code, ...written };
}
