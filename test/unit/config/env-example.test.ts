// .env.example against what is read: by the configuration, which knows its variables, and by
// docker-compose.yml, which passes them on.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { readMigrationConfig, readWorkerConfig, VARIABLES } from '../../../config/config.ts';
import { readComposeFile, readEnvironmentExample, ROOT, serviceOf } from '../../deployment-files.ts';

const { temporal, clickHouse, exporter, admin, worker, alerts } = VARIABLES;
const OF_DESTINATION = VARIABLES.destination('files');
const OF_WEBHOOK = VARIABLES.webhook('ops');

describe('.env.example', () => {
  it('lists the variables that are read, in their order, and no others', () => {
    assert.deepEqual(Object.keys(readEnvironmentExample()), [
      ...temporal,
      ...clickHouse,
      ...exporter,
      ...admin,
      ...worker,
      ...OF_DESTINATION,
      ...alerts,
      ...OF_WEBHOOK,
    ]);
  });

  it('explains every variable in a line of its own', () => {
    const lines = readFileSync(`${ROOT}.env.example`, 'utf8').split('\n');
    for (const [index, line] of lines.entries())
      if (/^[A-Z]/.test(line)) assert.match(lines[index - 1] ?? '', /^# .*\.$/, line);
  });

  it('is a valid configuration', () => {
    const variables = readEnvironmentExample();
    const { destinations, clickHouse: history } = readWorkerConfig(variables);
    assert.deepEqual([...destinations.keys()], ['files']);
    assert.equal(history.user, 'exporter');
    assert.equal(readMigrationConfig(variables).admin.user, 'admin');
  });
});

describe('docker-compose.yml', () => {
  it('passes to each process the variables that it reads, and no others', () => {
    const compose = readComposeFile();
    const namesOf = (service: string) => Object.keys(serviceOf(compose, service).environment).sort();
    const forWorker = [
      ...temporal,
      ...clickHouse,
      ...exporter,
      ...worker,
      ...OF_DESTINATION,
      ...alerts,
      ...OF_WEBHOOK,
    ].sort();
    const forAdmin = [...temporal, ...clickHouse, ...admin].sort();
    assert.deepEqual(namesOf('worker'), forWorker);
    assert.deepEqual(namesOf('migrate'), forAdmin);
    assert.deepEqual(namesOf('room-streams'), forAdmin);
  });

  it('uses the values of .env.example as its defaults', () => {
    assert.deepEqual(readComposeFile(), readComposeFile(readEnvironmentExample()));
    const { environment } = serviceOf(readComposeFile(), 'worker');
    const example = readEnvironmentExample();
    for (const [name, value] of Object.entries(environment)) assert.equal(value, example[name], name);
  });

  it('passes every variable on to the process that reads it', () => {
    const example = readEnvironmentExample();
    for (const name of Object.keys(example)) {
      const { services } = readComposeFile({ ...example, [name]: 'marked' });
      const ours = [services['worker'], services['migrate']];
      assert.ok(
        ours.some((service) => service?.environment[name] === 'marked'),
        name,
      );
    }
  });

  it('gives the servers the passwords that our processes use', () => {
    const { services } = readComposeFile({
      CLICKHOUSE_PASSWORD: 'one',
      CLICKHOUSE_ADMIN_PASSWORD: 'two',
      DESTINATION_FILES_ACCESS_KEY_ID: 'three',
      DESTINATION_FILES_SECRET_ACCESS_KEY: 'four',
      DESTINATION_FILES_BUCKET: 'five',
    });
    assert.equal(services['clickhouse']?.environment['EXPORTER_PASSWORD'], 'one');
    assert.equal(services['clickhouse'].environment['ADMIN_PASSWORD'], 'two');
    assert.equal(services['object-store']?.environment['AWS_ACCESS_KEY_ID'], 'three');
    assert.equal(services['object-store'].environment['AWS_SECRET_ACCESS_KEY'], 'four');
    assert.equal(services['bucket']?.environment['BUCKET'], 'five');
  });

  it("always gives the object store keys, even when the worker's keys come from elsewhere", () => {
    const { services } = readComposeFile({
      DESTINATION_FILES_CREDENTIALS: 'aws',
      DESTINATION_FILES_ACCESS_KEY_ID: '',
      DESTINATION_FILES_SECRET_ACCESS_KEY: '',
    });
    assert.equal(services['worker']?.environment['DESTINATION_FILES_ACCESS_KEY_ID'], '');
    assert.notEqual(services['object-store']?.environment['AWS_ACCESS_KEY_ID'], '');
    assert.notEqual(services['object-store']?.environment['AWS_SECRET_ACCESS_KEY'], '');
  });
});
