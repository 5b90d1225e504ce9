// Cuts a file of SQL into its statements at the semicolons outside strings, quoted names and comments. Drops
// comments, which would otherwise travel with every statement and make a corrected comment look like a
// changed migration. Pure.

/**
 * What may not be cut: strings, quoted names, comments of both kinds; and what is looked for. `[\s\S]`
 * crosses lines.
 */
const TOKEN =
  /'(?:\\[\s\S]|''|[^'\\])*'|"(?:\\[\s\S]|""|[^"\\])*"|`(?:\\[\s\S]|``|[^`\\])*`|--[^\n]*|\/\*[\s\S]*?\*\/|;/g;

/**
 * The statements in their order, trimmed, without comments and closing semicolons; empty ones are left out.
 */
export function splitStatements(sql: string): string[] {
  const text = sql.replaceAll('\r\n', '\n');
  const statements: string[] = [];
  let statement = '';
  let from = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [token] = match;
    statement += text.slice(from, match.index);
    from = match.index + token.length;
    if (token === ';') {
      statements.push(statement);
      statement = '';
    } else statement += isComment(token) ? ' ' : token;
  }
  statements.push(statement + text.slice(from));
  return statements.map((each) => each.trim()).filter((each) => each !== '');
}

function isComment(token: string): boolean {
  return token.startsWith('--') || token.startsWith('/*');
}
