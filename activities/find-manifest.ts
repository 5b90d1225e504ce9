// What the store has of an interval: its manifest, if its file is complete.
import { type Manifest } from '../workflows/model/manifest.ts';
import { type Target } from '../workflows/model/stages.ts';
import { readManifest } from './manifests/read-manifest.ts';
import { keyOf } from './plan-interval.ts';
import { type StageRun } from './run-stage.ts';
import { openDestination, type StageTools } from './stage-tools.ts';

export async function findManifest(
  tools: StageTools,
  target: Target,
  run: StageRun,
): Promise<Manifest | null> {
  const opened = openDestination(tools, target.settings.destination);
  return (await readManifest(opened, keyOf(target), run.signal))?.value ?? null;
}
