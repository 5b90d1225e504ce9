// Which of the video streams that a connection sends are encodings of one picture (simulcast). Most browsers
// say so; where none of the names is there (Firefox has long given its layers no media source, rid or mid),
// the sources that are read beside them decide.
import type { Fields } from './read-value.ts';
import type { StreamReading } from './stream-reading.ts';

/** A picture's sides may be rounded when it is scaled: shapes that differ by less are one. */
const SHAPE_TOLERANCE = 0.03;

/** Encodings begin within moments of each other, so that their counts of frames stay close. */
const PACE_RATIO_MAX = 2;

/** The track of a video stream that does not say of which source it is. */
export const UNKNOWN_SOURCE = '';

/**
 * Names the track of every stream that does not say its own.
 * @param readings video streams sent, without a known source
 * @param sources media-source reports of video of the same call
 */
export function assignTracks(readings: readonly StreamReading[], sources: readonly Fields[]): void {
  // One source: all are encodings of it.
  if (sources.length === 1) {
    for (const reading of readings) reading.track = 'source 0';
    return;
  }
  if (sources.length === 0) groupByShape(readings);
  else for (const reading of readings) reading.track = `source ${nearestSource(reading, sources)}`;
}

/** No source is read: pictures of one shape and different sizes are encodings of one. */
function groupByShape(readings: readonly StreamReading[]): void {
  const groups: StreamReading[][] = [];
  for (const reading of readings) {
    const group = groups.find((known) => known.every((one) => isOtherSizeOf(one, reading)));
    if (group === undefined) groups.push([reading]);
    else group.push(reading);
  }
  for (const [index, group] of groups.entries())
    for (const reading of group) reading.track = `shape ${index}`;
}

function isOtherSizeOf(one: StreamReading, other: StreamReading): boolean {
  const [a, b] = [shapeOf(one.width, one.height), shapeOf(other.width, other.height)];
  // A layer that never ran has no size yet.
  if (a === null || b === null) return true;
  return one.width !== other.width && isSameShape(a, b) && isSamePace(one.frames, other.frames);
}

/** Encodings of one picture have about as many frames; a screen beside a camera of the same shape has not. */
function isSamePace(a: number | null, b: number | null): boolean {
  const ratio = framesRatio(a, b);
  return ratio === null || ratio < PACE_RATIO_MAX;
}

/** The larger by the smaller; null where one is not known or 0. */
function framesRatio(a: number | null, b: number | null): number | null {
  return a === null || b === null || a <= 0 || b <= 0 ? null : Math.max(a, b) / Math.min(a, b);
}

/** By shape, then by the frames that source and stream have counted: a shared screen has few. */
function nearestSource(reading: StreamReading, sources: readonly Fields[]): number {
  let nearest = 0;
  let least = Infinity;
  for (const [index, source] of sources.entries()) {
    const distance = distanceOf(reading, source);
    if (distance < least) [nearest, least] = [index, distance];
  }
  return nearest;
}

function distanceOf(reading: StreamReading, source: Fields): number {
  const sourceWidth = numberOf(source.width);
  const [a, b] = [shapeOf(reading.width, reading.height), shapeOf(sourceWidth, numberOf(source.height))];
  const isOtherShape = a !== null && b !== null && !isSameShape(a, b);
  const isLarger = (reading.width ?? 0) > (sourceWidth ?? Infinity);
  const ratio = framesRatio(reading.frames, numberOf(source.frames));
  return (isOtherShape ? 1000 : 0) + (isLarger ? 100 : 0) + Math.log(ratio ?? 1);
}

function shapeOf(width: number | null, height: number | null): number | null {
  return width === null || height === null || width <= 0 || height <= 0 ? null : width / height;
}

function isSameShape(a: number, b: number): boolean {
  return Math.abs(a / b - 1) < SHAPE_TOLERANCE;
}

function numberOf(value: unknown): number | null {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}
