// Edges of text: keys of every shape, and texts with whatever bytes a history can hold. The text of the file
// is looked at itself where it matters how JSON writes it.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { at, exportOf, exportProject, roomOf, peerOf } from './exported-rooms.ts';
import type { ExportedFile, Row } from './exported-rooms.ts';
import { makeHistoryDatabase } from './history-database.ts';
import type { HistoryDatabase } from './history-database.ts';

const REPLACED = '\u{FFFD}';

describe('the export of text', () => {
  let history: HistoryDatabase;
  before(async () => {
    history = await makeHistoryDatabase();
  });
  after(() => history.drop());

  /** A room whose peer has these columns, each given as SQL, so that it can hold any bytes. */
  async function exportPeer(columns: Record<string, string>): Promise<ExportedFile> {
    const project_id = randomUUID();
    await history.insert('rooms', [{ ...roomOf(), project_id }]);
    await history.insert('peers', [{ ...peerOf(), project_id, version: 0 }]);
    const replaced = Object.entries(columns).map(([name, sql]) => `${sql} AS ${name}`);
    await history.connection.command({
      query: `INSERT INTO peers SELECT * REPLACE (${['1 AS version', ...replaced].join(', ')}) FROM peers FINAL WHERE project_id = {project_id:String}`,
      query_params: { project_id },
    });
    return await exportProject(history, project_id);
  }

  it('writes a key with one value as a text, with several or none as an array, and orders keys by name', async () => {
    const { rooms, text, faults } = await exportOf(history, {
      peers: [{ keys: { b: ['one'], several: ['x', 'y'], none: [], '': [''], B: ['é'], a: ['', ''] } }],
    });
    assert.ok(text.includes('"keys":{"":"","B":"é","a":["",""],"b":"one","none":[],"several":["x","y"]}'));
    assert.deepEqual([faults, at(rooms, '0.peers.0.keys.several.1')], [[], 'y']);
  });

  it('keeps keys and values with quotes, newlines, NUL, emoji, markup, 512 characters or line separators', async () => {
    const texts = [
      'quote "q" \\ /',
      'two\nlines\r\n\t',
      'NUL \0 and \x1F',
      '👩‍👩‍👧 😀',
      '</script><!--',
      'ä'.repeat(512),
      '\u2028\u2029\x7F',
    ];
    const keys = Object.fromEntries(texts.map((text) => [text, [text]]));
    const { rooms, text, faults } = await exportOf(history, { peers: [{ keys }] });
    assert.deepEqual(at(rooms, '0.peers.0.keys'), Object.fromEntries(texts.map((each) => [each, each])));
    assert.deepEqual(faults, []);
    // One line, whatever is in it: control characters are escaped, a slash is not.
    assert.ok(
      text.includes('"quote \\"q\\" \\\\ /"') && text.includes('\\u0000') && text.includes('"</script><!--"'),
    );
    assert.equal(text.split('\n').length, 4);
  });

  it('also keeps the other texts of a room unchanged', async () => {
    const wild = 'a "b"\n\0</script>😀';
    const texts = {
      os: wild,
      browser: wild,
      city: wild,
      organization: wild,
      audio_device: wild,
      end_reason: wild,
    };
    const { rooms } = await exportOf(
      history,
      {
        rooms: [{ room_id: wild, room_url: wild, session_id: wild }],
        peers: [{ ...texts, peer_id: wild, session_id: wild }],
      },
      { fields: 'extended' },
    );
    const { room_id, room_url, session_id } = rooms[0] ?? {};
    assert.deepEqual([room_id, room_url, session_id], [wild, wild, wild]);
    const { peer_id, os, browser, audio_device, end_reason, location } = at(rooms, '0.peers.0') as Row;
    assert.deepEqual([peer_id, os, browser, audio_device, end_reason], [wild, wild, wild, wild, wild]);
    assert.deepEqual(location, { city: wild, country: null, organization: wild });
  });

  it('gives null for an empty text, except for the name of a room', async () => {
    const { rooms } = await exportOf(
      history,
      { rooms: [{ room_id: '', room_url: '' }], peers: [{ peer_id: '' }] },
      { fields: 'extended' },
    );
    const { room_url, room_id } = rooms[0] ?? {};
    assert.deepEqual([room_url, room_id], [null, '']);
    const peer = at(rooms, '0.peers.0') as Row;
    const texts = [
      'peer_id',
      'os',
      'os_version',
      'browser',
      'browser_version',
      'sdk_version',
      'audio_device',
      'video_device',
      'end_reason',
    ];
    assert.deepEqual(
      texts.map((name) => peer[name]),
      texts.map(() => null),
    );
    assert.deepEqual(peer['location'], { city: null, country: null, organization: null });
    assert.deepEqual(peer['features'], { connection_type: null, media_transport: null });
    assert.deepEqual(peer['keys'], {});
  });

  const broken: { title: string; hex: string; text: string }[] = [
    { title: 'a lone surrogate', hex: '61EDA08062', text: `a${REPLACED}b` },
    { title: 'a pair of surrogates, each encoded by itself', hex: 'EDA0BDEDB880', text: REPLACED },
    {
      title: 'bytes of no encoding, one mark for each run of them',
      hex: '61FFFE62FF',
      text: `a${REPLACED}b${REPLACED}`,
    },
    { title: 'a character that is cut off by the end of the text', hex: '61E282', text: `a${REPLACED}` },
    { title: 'the begin of a character that other text follows', hex: 'F06130', text: `${REPLACED}a0` },
    { title: 'an overlong slash', hex: 'C0AF', text: REPLACED },
    { title: 'a character beyond the last', hex: 'F4908080', text: REPLACED },
  ];
  for (const { title, hex, text } of broken) {
    it(`puts U+FFFD in place of ${title}, and counts the room`, async () => {
      const { rooms, faults } = await exportPeer({ city: `unhex('${hex}')` });
      assert.equal(at(rooms, '0.peers.0.location.city'), text);
      assert.deepEqual(faults, [{ codes: 'text', sessionId: 's1' }]);
    });
  }

  it('does the same in keys and their values', async () => {
    const { rooms, faults } = await exportPeer({
      keys: "map(unhex('6BFF'), [unhex('76FF'), 'v'], unhex('F06130'), [unhex('F06130')])",
    });
    assert.deepEqual(at(rooms, '0.peers.0.keys'), {
      [`k${REPLACED}`]: [`v${REPLACED}`, 'v'],
      [`${REPLACED}a0`]: `${REPLACED}a0`,
    });
    assert.deepEqual(faults, [{ codes: 'text', sessionId: 's1' }]);
  });

  it('joins the values of a repeated key in their order, and counts the room', async () => {
    const { rooms, text, faults } = await exportPeer({
      keys: "map('b', ['1'], 'a', ['x'], 'b', ['2', '3'])",
    });
    assert.deepEqual(at(rooms, '0.peers.0.keys'), { a: 'x', b: ['1', '2', '3'] });
    assert.ok(text.includes('"keys":{"a":"x","b":["1","2","3"]}'));
    assert.deepEqual(faults, [{ codes: 'key_twice', sessionId: 's1' }]);
  });

  it('joins keys that differ only in invalid bytes, because the file would otherwise repeat a key', async () => {
    const { rooms, faults } = await exportPeer({ keys: "map(unhex('6BFF'), ['1'], unhex('6BFE'), ['2'])" });
    assert.deepEqual(at(rooms, '0.peers.0.keys'), { [`k${REPLACED}`]: ['1', '2'] });
    assert.deepEqual(faults, [{ codes: 'key_twice,text', sessionId: 's1' }]);
  });

  it('orders keys as they are written in the file, and peers by their ids in the history', async () => {
    // FF comes behind EF BF BF (U+FFFF) in the history, and U+FFFD (EF BF BD) before it in the file.
    const { rooms, text } = await exportPeer({ keys: "map(unhex('EFBFBF'), ['1'], unhex('FF'), ['2'])" });
    assert.deepEqual(Object.keys(at(rooms, '0.peers.0.keys') as Row), [REPLACED, '\uFFFF']);
    assert.ok(text.includes(`"keys":{"${REPLACED}":"2","\uFFFF":"1"}`));
    const project_id = randomUUID();
    await history.insert('rooms', [{ ...roomOf(), project_id }]);
    await history.insert('peers', [{ ...peerOf({ peer_id: '\uFFFF' }), project_id }]);
    await history.connection.command({
      query: `INSERT INTO peers SELECT * REPLACE (unhex('FF') AS peer_id) FROM peers FINAL WHERE project_id = {project_id:String}`,
      query_params: { project_id },
    });
    const both = await exportProject(history, project_id);
    const names = (at(both.rooms, '0.peers') as Row[]).map(({ peer_id }) => peer_id);
    assert.deepEqual(names, ['\uFFFF', REPLACED]);
  });
});
