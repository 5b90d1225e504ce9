// Returns the stored manifest of an interval, if it covers the interval under the settings in force.
import type { Manifest } from '../../workflows/model/manifest.ts';
import type { Target } from '../../workflows/export/contract.ts';
import { findManifestOf } from './find-cover.ts';
import type { StageRun } from '../runtime/run-stage.ts';
import { openDestination } from '../runtime/stage-tools.ts';
import type { StageTools } from '../runtime/stage-tools.ts';

export async function findManifest(
  tools: StageTools,
  target: Target,
  run: StageRun,
): Promise<Manifest | null> {
  const opened = openDestination(tools, target.settings.destination);
  return findManifestOf(opened, target, run.signal);
}
