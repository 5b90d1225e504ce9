// Shell completion as a person gets it: the printed script is loaded by the real shell, which is asked what
// it would offer. bash is everywhere; zsh and fish are asked where they are installed, and the test says so
// where they are not. zsh completes only at a terminal of its own, which its module zpty makes.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runCliHere } from '../../run-cli-here.ts';

const folder = mkdtempSync(join(tmpdir(), 'room-streams-completion-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What is typed, and what has to be offered, in any order; `dump.json` lies in the folder. */
const OFFERS: readonly [typed: string, offered: readonly string[]][] = [
  ['room-streams str', ['stream']],
  ['room-streams stream d', ['describe', 'delete']],
  ['room-streams stream create --comp', ['--compression']],
  ['room-streams stream create --format ', ['json', 'ndjson']],
  ['room-streams stream create demo --format nd', ['ndjson']],
  ['room-streams preflight --po', ['--policy']],
  ['room-streams run show demo --js', ['--json']],
  ['room-streams completion f', ['fish']],
  ['room-streams import du', ['dump.json']],
];

describe('completion', () => {
  before(async () => {
    writeFileSync(join(folder, 'dump.json'), '{}');
    for (const shell of ['bash', 'zsh', 'fish'])
      writeFileSync(join(folder, `completion.${shell}`), (await runCliHere(['completion', shell])).stdout);
  });

  for (const [typed, offered] of OFFERS) {
    it(`in bash offers ${offered.join(' and ')} for "${typed}"`, () => {
      assert.deepEqual(inBash(typed).sort(), [...offered].sort());
    });
    it(`in fish offers ${offered.join(' and ')} for "${typed}"`, skipWithout('fish'), () => {
      assert.deepEqual(inFish(typed).sort(), [...offered].sort());
    });
    it(`in zsh offers ${offered.join(' and ')} for "${typed}"`, skipWithout('zsh'), () => {
      const shown = inZsh(typed, offered);
      for (const word of offered) assert.ok(shown.includes(word), shown);
    });
  }

  it('in bash takes --option=value for the option and its value', () => {
    assert.deepEqual(inBash('room-streams stream create --format = n'), ['ndjson']);
    assert.deepEqual(inBash('room-streams stream create --format = ').sort(), ['json', 'ndjson']);
  });

  it('offers everything that the command line has', async () => {
    const tree = JSON.parse((await runCliHere(['completion', 'bash', '--json'])).stdout) as {
      path: string;
      subcommands: unknown[];
    }[];
    const paths = tree.map(({ path }) => path);
    for (const path of ['', 'stream create', 'preflight', 'completion'])
      assert.ok(paths.includes(path), path);
    for (const { path, subcommands } of tree) {
      const { stdout: out } = await runCliHere([...path.split(' ').filter((word) => word !== ''), '--help']);
      assert.match(out, new RegExp(`^Usage: room-streams ${path}`.trimEnd()), path);
      if (subcommands.length === 0) assert.match(out, /\nExamples?:\n {2}\S/, path);
    }
  });

  it('says which shells there are, and the nearest one', async () => {
    const wrong = await runCliHere(['completion', 'zshh']);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /got "zshh", allowed: bash, zsh, fish; did you mean zsh\?/);
    assert.equal((await runCliHere(['completion'])).code, 2);
  });
});

/** bash hands the words to the function, and takes its answer from COMPREPLY. */
function inBash(typed: string): string[] {
  const words = typed.split(' ');
  const script = `source completion.bash; COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_room_streams; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return lines(run('bash', ['--norc', '-c', script]));
}

function inFish(typed: string): string[] {
  const script = `source completion.fish; complete -C '${typed}'`;
  return lines(run('fish', ['--no-config', '-c', script])).map((line) => line.split('\t', 1)[0] ?? '');
}

/**
 * Types into a shell of its own and returns what stands on the screen once everything wanted does, or after
 * five seconds.
 */
function inZsh(typed: string, wanted: readonly string[]): string {
  const script = `
zmodload zsh/zpty zsh/datetime
zpty shell zsh -f -i
zpty -w shell 'PROMPT=; unsetopt zle_bracketed_paste; autoload -Uz compinit && compinit -u -D; source completion.zsh; setopt auto_list; print READY-$((1))'
shown=''
until [[ $shown == *READY-1* ]]; do zpty -r shell line && shown+=$line; done
zpty -n -w shell $'${typed}\\t\\t'
shown=''; float deadline=$((EPOCHREALTIME + 5))
while (( EPOCHREALTIME < deadline )); do
  if zpty -r -t shell line; then shown+=$line; fi
  ${wanted.map((word) => `[[ $shown == *${word.replaceAll('-', '\\-')}* ]]`).join(' && ')} && break
done
print -r -- $shown
zpty -d shell`;
  return run('zsh', ['-f', '-c', script]);
}

function run(shell: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(shell, args, {
    cwd: folder,
    encoding: 'utf8',
    timeout: 30_000,
  });
  assert.equal(status, 0, `${stdout}${stderr}`);
  return stdout;
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

function skipWithout(shell: string): { skip: string | false } {
  const { error } = spawnSync(shell, ['-c', 'true']);
  return { skip: error === undefined ? false : `${shell} is not installed` };
}
