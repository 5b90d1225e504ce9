// What the documents point to: files of the repository, sections of other documents, npm scripts. A file that
// is moved or renamed makes this fail until the documents follow.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { ROOT } from '../../deployment-files.ts';

const DOCUMENTS = [
  'README.md',
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  ...readdirSync(`${ROOT}docs`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

const FOLDERS = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** On a laptop. */
const TWO_SCREENS_LINES = 100;

const SOURCE = /\.(ts|mjs|sql|json|jsonl\.gz|md|yml|html|txt)$/;

for (const document of DOCUMENTS) {
  const markdown = readFileSync(`${ROOT}${document}`, 'utf8');

  describe(document, () => {
    it('names files and folders that exist', () => {
      const missing = repositoryPathsOf(markdown).filter((path) => !existsSync(`${ROOT}${path}`));
      assert.deepEqual(missing, []);
    });

    it('links to files and sections that exist', () => {
      assert.deepEqual(
        linksOf(markdown).filter((link) => !hasTarget(document, link)),
        [],
      );
    });

    it('names npm scripts that exist', () => {
      const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
        scripts: Record<string, string>;
      };
      const named = [...markdown.matchAll(/npm run (?:-s )?([\w:-]+)/g)].map(([, name = '']) => name);
      assert.deepEqual(
        named.filter((name) => scripts[name] === undefined),
        [],
      );
    });

    it('has a contents list when it is longer than two screens', () => {
      const sections = [...markdown.matchAll(/^## /gm)].length;
      const isLong = markdown.split('\n').length > TWO_SCREENS_LINES && sections > 2;
      if (isLong) assert.match(markdown, /^- \[.*\]\(#/m);
    });
  });
}

/** In backticks: what begins with a folder of ours or ends as a source does. Build output is left out. */
function repositoryPathsOf(markdown: string): string[] {
  const words = [...markdown.matchAll(/`([\w.@-]+\/[\w./-]*)`/g)].map(([, word = '']) => word);
  return words.filter((word) => {
    const [folder = ''] = word.split('/');
    if (folder === 'dist') return false;
    return FOLDERS.includes(folder) || SOURCE.test(word);
  });
}

function linksOf(markdown: string): string[] {
  return [...markdown.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^https?:/.test(link));
}

function hasTarget(document: string, link: string): boolean {
  const [file = '', anchor] = link.split('#');
  const path = file === '' ? document : join(dirname(document), file);
  if (!existsSync(`${ROOT}${path}`)) return false;
  return anchor === undefined || anchorsOf(readFileSync(`${ROOT}${path}`, 'utf8')).includes(anchor);
}

/** As GitHub makes them of headings: lower case, without punctuation, with hyphens for spaces. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
