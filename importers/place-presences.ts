// Puts the presences that files have beside those that the history has of the same rooms, and says whose the
// ticks of the files are. Pure; both the import and its dry run begin with it.
import { isDeepStrictEqual } from 'node:util';
import type { Presence } from './presences.ts';
import type { ReadFile } from './read-file.ts';
import type { PlacedPresence, Room } from './rooms.ts';
import type { OwnedTicks, TickOwners } from './write-ticks.ts';

/**
 * All presences of the rooms concerned: those just read, each once and the fuller of two, and those of
 * earlier imports.
 */
export function placePresences(
  found: readonly Presence[],
  imported: readonly PlacedPresence[],
): { placed: PlacedPresence[]; wasIn: Set<string> } {
  const ofEarlier = new Set(imported);
  const placed = new Map(imported.map((one) => [one.presence.sourceId, one]));
  const wasIn = new Set<string>();
  for (const presence of found) {
    const known = placed.get(presence.sourceId);
    const isKnown = known !== undefined && isDeepStrictEqual(known.presence, presence);
    if (!isKnown && (known === undefined || known.presence.leftAtMs <= presence.leftAtMs)) {
      placed.set(presence.sourceId, { presence, sessionId: known?.sessionId ?? null });
      wasIn.delete(presence.sourceId);
    } else if (ofEarlier.has(known)) wasIn.add(presence.sourceId);
  }
  return { placed: [...placed.values()], wasIn };
}

/** The ticks of what is new, with their owners. */
export function ownedTicks(
  files: readonly ReadFile[],
  rooms: readonly Room[],
  isNew: (presence: Presence) => boolean,
): OwnedTicks[] {
  const places = new Map(
    rooms.flatMap(({ room, presences }) =>
      presences.map(({ sourceId, peerId }) => [sourceId, { sessionId: room.session_id, peerId }] as const),
    ),
  );
  return files.flatMap(({ presences, ticks }) => {
    const owners: TickOwners = new Map(
      presences
        .filter(({ presence }) => isNew(presence))
        .flatMap(({ presence, connections }) => {
          const place = places.get(presence.sourceId);
          if (place === undefined) return [];
          return connections.map(({ index, id }) => [index, { ...place, connectionId: id }] as const);
        }),
    );
    return owners.size === 0 ? [] : [{ ticks, owners }];
  });
}
