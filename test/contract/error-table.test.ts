// Every row of the tables of errors, made to happen: ClickHouse's codes by the real server, the network's by
// sockets that break, S3's by a server that answers as stores do (what real stores say to wrong requests is
// in the store contract). What is on no table is tried again.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { ApplicationFailure } from '@temporalio/activity';
import { z } from 'zod';
import { permanentHistoryError, PERMANENT_HISTORY_CODES } from '../../clickhouse/history-errors.ts';
import type { HistoryConnection } from '../../clickhouse/history-client.ts';
import { openHistoryReader } from '../../clickhouse/history-reader.ts';
import { openObjectStore } from '../../store/object-store.ts';
import { STORE_ERROR_CLASSES } from '../../store/store-errors.ts';
import { checkHistory } from '../../activities/preflight/check-history.ts';
import { makeHide } from '../../secrets/hide-secrets.ts';
import { explainFailure } from '../../activities/runtime/run-stage.ts';
import { toFailure, withoutSecrets } from '../../activities/runtime/to-failure.ts';
import { FAILURE } from '../../workflows/model/failure.ts';
import { withProfileServer } from '../attacks/profile-server.ts';
import type { UserOptions } from '../attacks/profile-server.ts';
import { startParrot } from '../cli/parrot.ts';
import { SecretSearch } from '../cli/secret-search.ts';
import { getTestStack } from '../stack.ts';

interface Making {
  query: string;
  connection?: Partial<HistoryConnection>;
  /** A user on a server of its own. */
  user?: UserOptions;
}

/** How each code of the table comes about; the connection is an administrator's unless it says otherwise. */
const MAKINGS: Readonly<Record<string, Making>> = {
  '43': { query: "SELECT sum('x')" },
  '46': { query: 'SELECT no_such_function()' },
  '47': { query: 'SELECT no_such_column FROM system.one' },
  '53': { query: "SELECT 1 IN ('a')" },
  '60': { query: 'SELECT 1 FROM no_such_view' },
  '62': { query: 'SELEC 1' },
  '81': { query: 'SELECT 1', connection: { database: 'no_such_database' } },
  '115': { query: 'SELECT 1 SETTINGS no_such_setting = 1' },
  '164': { query: 'SELECT 1 SETTINGS readonly = 0' },
  '194': { query: 'SELECT 1', connection: { user: 'default', password: 'wrong' } },
  '386': { query: "SELECT 1 FROM (SELECT 1 AS a) AS x JOIN (SELECT 'x' AS a) AS y USING (a)" },
  '452': { query: 'SELECT 1', user: { settings: { limit: '5' }, constants: ['limit'] } },
  '497': { query: "SELECT 1 FROM file('none.csv', 'CSV', 'a Int8')" },
  '516': { query: 'SELECT 1', connection: { password: 'wrong' } },
};

/** Whoever is not allowed to read is the exporter's user; the rest is the same for everybody. */
const AS_EXPORTER = new Set(['164', '497']);

describe('the errors of ClickHouse', () => {
  it('each have a test that causes them', () => {
    assert.deepEqual(Object.keys(MAKINGS).sort(), [...PERMANENT_HISTORY_CODES].sort());
  });

  for (const code of PERMANENT_HISTORY_CODES) {
    it(`are not retried when no retry can fix them, and say what to do: ${code}`, async () => {
      const { error, failure } = await failHistory(MAKINGS[code] ?? { query: '' }, AS_EXPORTER.has(code));
      assert.ok(error instanceof Error && 'code' in error);
      assert.equal(error.code, code);
      assert.equal(failure.nonRetryable, true);
      const known = permanentHistoryError(error);
      assert.equal(failure.type, `ClickHouse.${known?.name}`);
      assert.ok(failure.message.startsWith(`${known?.remedy}. ClickHouse says: `), failure.message);
    });
  }

  for (const [what, query, type] of [
    [
      'too little memory',
      'SELECT groupArray(number) FROM numbers(10000000) SETTINGS max_memory_usage = 1000000',
      'MEMORY_LIMIT_EXCEEDED',
    ],
    [
      'too little time',
      'SELECT sum(number) FROM numbers(100000000000) SETTINGS max_execution_time = 0.2',
      'TIMEOUT_EXCEEDED',
    ],
    ['what is on no table', 'SELECT throwIf(1)', 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO'],
  ] as const) {
    it(`are retried when they may pass: ${what}`, async () => {
      const { failure } = await failHistory({ query }, false);
      assert.equal(failure.type, `ClickHouse.${type}`);
      assert.equal(failure.nonRetryable, false);
    });
  }
});

describe('the errors of the network', () => {
  it('are retried when nobody listens', async () => {
    const { failure } = await failHistory(
      { query: 'SELECT 1', connection: { url: 'http://127.0.0.1:9' } },
      false,
    );
    assert.equal(failure.type, 'ECONNREFUSED');
    assert.equal(failure.nonRetryable, false);
  });

  it('are retried when the connection is cut before an answer', async () => {
    const server = createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const url = await listen(server);
    const { failure } = await failHistory({ query: 'SELECT 1', connection: { url } }, false);
    assert.equal(failure.type, 'ECONNRESET');
    assert.equal(failure.nonRetryable, false);
    server.close();
  });

  it('are retried when the answer does not come from ClickHouse', async () => {
    const server = createHttpServer((_request, response) => response.end('{"rows": "many"}\n'));
    const url = await listen(server);
    const { failure } = await failHistory({ query: 'SELECT 1', connection: { url } }, false);
    assert.equal(failure.type, 'UnexpectedAnswer');
    assert.equal(failure.nonRetryable, false);
    server.close();
  });
});

describe('an authorisation header that a proxy repeats in its refusal', () => {
  const connection = { database: 'd', user: 'exporter', password: 'PLANTED-password-7f3a' };
  const hide = makeHide([{ value: connection.password, user: connection.user }]);
  const search = () =>
    new SecretSearch([{ name: 'password', value: connection.password, user: connection.user }]);

  it('appears neither in the failure nor in the preflight', async () => {
    const parrot = await startParrot();
    const history = openHistoryReader({ ...connection, url: parrot.url });
    try {
      const row = z.object({ rows: z.number() });
      const { signal } = new AbortController();
      const asked = history.readRows({ query: 'SELECT 1', params: {}, row, signal });
      const error: unknown = await asked.then(() => undefined).catch((reason: unknown) => reason);
      const raw = search();
      raw.look('the error', String(error));
      assert.equal(raw.found.size, 1, 'the proxy repeats nothing');
      const failure = withoutSecrets(await explainFailure(error, { history }), hide);
      const lines = await checkHistory({ history, hide });
      const clean = search();
      clean.look('the failure', `${failure.message} ${failure.stack ?? ''} ${JSON.stringify(failure)}`);
      clean.look('the preflight', JSON.stringify(lines));
      assert.deepEqual([...clean.found], []);
      assert.match(failure.message, /Basic \(hidden\)|authorization/);
    } finally {
      await history.close();
      await parrot.close();
    }
  });
});

describe('the errors of object stores', () => {
  let answered = { status: 400, code: '' };
  const server = createHttpServer((_request, response) => {
    response.writeHead(answered.status, { 'content-type': 'application/xml' });
    response.end(
      `<?xml version="1.0"?><Error><Code>${answered.code}</Code><Message>said by the store</Message></Error>`,
    );
  });
  let endpoint = '';
  before(async () => {
    endpoint = await listen(server);
  });
  after(() => server.close());

  const failWith = async (code: string, status: number): Promise<ApplicationFailure> => {
    answered = { code, status };
    const keys = { accessKeyId: 'k', secretAccessKey: 's' };
    const place = {
      name: 'd',
      endpoint,
      region: 'us-east-1',
      bucket: 'bucket',
      pathStyle: true,
      manifestPrefix: '',
    };
    const store = openObjectStore({ ...place, ...keys });
    try {
      await store.completeUpload({ key: 'k', uploadId: 'u', parts: [{ partNumber: 1, etag: 'e' }] });
    } catch (error) {
      return toFailure(error);
    } finally {
      await store.close();
    }
    throw new Error(`${code} was no error`);
  };

  for (const [code, kind] of STORE_ERROR_CLASSES) {
    it(`are ${kind}: ${code}`, async () => {
      // Also inside a 200: a completion answers before it knows.
      for (const status of [400, 200]) {
        const failure = await failWith(code, status);
        assert.match(failure.message, /said by the store/);
        assert.equal(failure.type, kind === 'upload-gone' ? FAILURE.uploadGone : `Store.${code}`);
        assert.equal(failure.nonRetryable, kind === 'permanent' || kind === 'upload-gone');
      }
    });
  }

  for (const [code, status] of [
    ['SlowDown', 503],
    ['InternalError', 500],
    ['RequestTimeout', 400],
    ['NewCodeOfTomorrow', 409],
  ] as const) {
    it(`are retried when they may pass or are unknown: ${code}`, async () => {
      const failure = await failWith(code, status);
      assert.equal(failure.type, `Store.${code}`);
      assert.equal(failure.nonRetryable, false);
    });
  }
});

async function failHistory(
  { query, connection = {}, user }: Making,
  asExporter: boolean,
): Promise<{ error: unknown; failure: ApplicationFailure }> {
  if (user !== undefined)
    return withProfileServer([user], ({ connectionOf }) =>
      failHistory({ query, connection: connectionOf(0) }, false),
    );
  const { clickhouse } = await getTestStack();
  const reader = openHistoryReader({
    url: clickhouse.url,
    database: 'default',
    user: clickhouse.adminUser,
    password: clickhouse.adminPassword,
    ...(asExporter ? { user: clickhouse.exporterUser, password: clickhouse.exporterPassword } : {}),
    ...connection,
  });
  try {
    const row = z.object({ rows: z.number() });
    await reader.readRows({ query, params: {}, row, signal: new AbortController().signal });
  } catch (error) {
    return { error, failure: toFailure(error) };
  } finally {
    await reader.close();
  }
  throw new Error(`no error: ${query}`);
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
