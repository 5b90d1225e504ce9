// The statement splitter on SQL written for it, and on any statements that fast-check puts together with
// strings and comments.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { splitStatements } from '../../../history/split-statements.ts';

describe('splitStatements', () => {
  it('splits at semicolons and leaves out empty statements', () => {
    assert.deepEqual(splitStatements(' SELECT 1;\n;SELECT 2 ; \n'), ['SELECT 1', 'SELECT 2']);
    assert.deepEqual(splitStatements('-- nothing\n/* at all; */'), []);
  });

  it('ignores semicolons and comment signs inside strings and quoted names', () => {
    const texts = [
      "SELECT 'a;b -- c'",
      String.raw`SELECT 'it\'s;', 'it''s;'`,
      'SELECT "a;/*b"',
      'SELECT `a;``b`',
    ];
    for (const text of texts) assert.deepEqual(splitStatements(`${text};`), [text]);
  });

  it('drops comments, including those that contain quotes and semicolons', () => {
    assert.deepEqual(splitStatements("SELECT 1 -- it's; fine\n+ 1; /* don't; */ SELECT 2"), [
      'SELECT 1  \n+ 1',
      'SELECT 2',
    ]);
  });

  it('accepts Windows line ends', () => {
    assert.deepEqual(splitStatements('SELECT\r\n1;\r\n-- end\r\n'), ['SELECT\n1']);
  });

  it('returns any list of statements that were joined', () => {
    const string = fc
      .string()
      .map((text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\r', '')}'`);
    const statement = fc
      .array(string, { minLength: 1, maxLength: 4 })
      .map((strings) => `SELECT ${strings.join(', ')}`);
    const comment = fc.constantFrom('', "-- a; b'\n", '/* a; "b */');
    fc.assert(
      fc.property(fc.array(fc.tuple(statement, comment)), (drawn) => {
        const sql = drawn.map(([text, remark]) => `${remark}${text};`).join('\n');
        assert.deepEqual(
          splitStatements(sql),
          drawn.map(([text]) => text),
        );
      }),
    );
  });
});
