// Under which keys a test looks for the file of an interval and for its manifest.
import type { Interval } from '../workflows/model/interval.ts';
import { renderKey } from '../workflows/model/key-template.ts';
import { manifestKeyOf } from '../workflows/model/manifest.ts';
import { extensionOf, settingsAt } from '../workflows/model/stream.ts';
import type { StreamDefinition } from '../workflows/model/stream.ts';

export function fileKeyOf(stream: StreamDefinition, interval: Interval): string {
  const settings = settingsAt(stream, interval.startMs);
  const { keyTemplate, prefix, project } = settings;
  const names = { prefix, project, stream: stream.name, extension: extensionOf(settings) };
  return renderKey(keyTemplate, names, interval);
}

/** Below the prefix that destinations have by default. */
export function storedManifestKeyOf(stream: StreamDefinition, interval: Interval): string {
  return manifestKeyOf('_manifests/', fileKeyOf(stream, interval));
}
