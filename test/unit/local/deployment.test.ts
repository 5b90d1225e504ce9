// docker-compose.yml, Dockerfile and .dockerignore read as text: the Compose specification's schema and a
// linter for what it allows, and what we promise besides (pinned images, nothing but loopback published,
// everything waited for).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { readComposeFile, readDockerfileSources, ROOT, serviceOf } from '../../deployment-files.ts';

/** The order of keys and services is the reader's: as things start, not the alphabet's. */
const ORDER_RULES = [
  'service-dependencies-alphabetical-order',
  'service-keys-order',
  'services-alphabetical-order',
  'top-level-properties-order',
];

describe('docker-compose.yml', () => {
  const compose = readComposeFile();
  const services = Object.entries(compose.services);

  it('follows the Compose specification and the rules of its linter', () => {
    const linter = `${ROOT}node_modules/dclint/bin/dclint.cjs`;
    const args = [linter, `${ROOT}docker-compose.yml`, '--max-warnings', '0', '--no-color'];
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [...args, '--disable-rule', ...ORDER_RULES],
      { encoding: 'utf8' },
    );
    assert.equal(status, 0, stdout + stderr);
  });

  it('pins every image to a release', () => {
    for (const [name, { image, build }] of services) {
      if (build === undefined) assert.match(image, /^[a-z]+\/[a-z-]+:\d+(\.\d+)+$/, name);
      else assert.equal(image, 'room-streams:local', name);
    }
  });

  it('publishes its ports on loopback only', () => {
    for (const [name, { ports }] of services)
      for (const port of ports) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/, name);
  });

  it('keeps the data of every server in a volume of its own', () => {
    const used = services.flatMap(([, { volumes }]) => volumes.map((volume) => volume.split(':')[0]));
    assert.deepEqual(used.sort(), Object.keys(compose.volumes).sort());
  });

  it('waits for health checks where they exist, and for one-off jobs to finish', () => {
    for (const [name, { depends_on: waitedFor }] of services) {
      for (const [other, { condition }] of Object.entries(waitedFor)) {
        const { healthcheck } = serviceOf(compose, other);
        const wanted =
          healthcheck !== undefined && 'test' in healthcheck
            ? 'service_healthy'
            : 'service_completed_successfully';
        assert.equal(condition, wanted, `${name} waits for ${other}`);
      }
    }
  });

  it('gives the exporter the rights of history/grants.sql', () => {
    const grants = readFileSync(`${ROOT}history/grants.sql`, 'utf8');
    const wanted = [...grants.matchAll(/^(GRANT SELECT ON \S+) TO exporter;$/gm)].map(([, grant]) => grant);
    const users = compose.configs['clickhouse-users']?.content ?? '';
    const given = [...users.matchAll(/<query>(.*)<\/query>/g)].map(([, grant]) => grant);
    assert.equal(wanted.length, 6);
    assert.deepEqual(given, wanted);
  });
});

describe('the Dockerfile', () => {
  const sources = readDockerfileSources();

  it('copies only files that exist', () => {
    for (const source of sources)
      if (!source.endsWith('*')) assert.ok(existsSync(`${ROOT}${source}`), source);
  });

  it('receives a build context of exactly the files that it copies', () => {
    const lines = readFileSync(`${ROOT}.dockerignore`, 'utf8').split('\n');
    const rules = lines.filter((line) => line !== '' && !line.startsWith('#'));
    assert.equal(rules[0], '*');
    const sent = rules.slice(1).map((rule) => rule.replace(/^!/, ''));
    assert.deepEqual(sent.sort(), [...new Set(sources.map((source) => source.replace('*', '')))].sort());
  });

  it('pins its base image and runs as an unprivileged user', () => {
    const text = readFileSync(`${ROOT}Dockerfile`, 'utf8');
    const bases = [...text.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base ?? '');
    for (const base of bases.filter((each) => each.includes(':')))
      assert.match(base, /^node:22\.\d+\.\d+-bookworm-slim$/);
    assert.match(text, /^USER node$/m);
  });
});
