// Tells the users of one browser apart where nothing names them: two tabs that are in a room at the same time
// are two users, one tab after another is the same one, who came back. A tab is known by its page's number
// and its process.
import type { Presence } from './presences.ts';

export interface TabPresence {
  presence: Presence;
  tab: string;
}

/** A user of the room, with the stays in all tabs that are theirs. */
interface User {
  name: string;
  stays: Presence[];
}

/**
 * Renames peers so that no two tabs of a room that overlap in time have one name. The first user keeps the
 * name that all came with.
 */
export function nameTabs(presences: readonly TabPresence[]): void {
  const rooms = new Map<string, Map<string, Presence[]>>();
  for (const { presence, tab } of presences) {
    const tabs = rooms.get(presence.roomKey) ?? new Map<string, Presence[]>();
    rooms.set(presence.roomKey, tabs);
    tabs.set(tab, [...(tabs.get(tab) ?? []), presence]);
  }
  for (const tabs of rooms.values()) if (tabs.size > 1) nameTabsOfRoom(tabs);
}

function nameTabsOfRoom(tabs: ReadonlyMap<string, Presence[]>): void {
  const users: User[] = [];
  const byJoin = [...tabs].sort(([, a], [, b]) => firstJoin(a) - firstJoin(b));
  for (const [tab, stays] of byJoin) {
    const user = users.find(
      (known) => !known.stays.some((stay) => stays.some((other) => overlap(stay, other))),
    );
    const name = user?.name ?? (users.length === 0 ? nameOf(stays) : `${nameOf(stays)}-${tab}`);
    if (user === undefined) users.push({ name, stays: [...stays] });
    else user.stays.push(...stays);
    for (const stay of stays) stay.peerId = name;
  }
}

function nameOf(stays: readonly Presence[]): string {
  return stays[0]?.peerId ?? '';
}

function firstJoin(stays: readonly Presence[]): number {
  return stays.reduce((first, { joinedAtMs }) => Math.min(first, joinedAtMs), Infinity);
}

function overlap(a: Presence, b: Presence): boolean {
  return a.joinedAtMs < b.leftAtMs && b.joinedAtMs < a.leftAtMs;
}
