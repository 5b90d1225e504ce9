// Which way a connection's packets took: kind of the local candidate and transport of the pair in use. Read
// anew at every reading, since a call may start over a relay and go on directly; the peer's path is the one
// used for the longest time.
import { readText } from './read-value.ts';
import type { Fields } from './read-value.ts';
import type { ReportStore } from './report-store.ts';

export interface NetworkPath {
  type: 'HOST' | 'STUN' | 'TURN';
  /** To the relay, or to the far end where there is none. Null where nothing tells it. */
  transport: 'udp' | 'tcp' | 'tls' | null;
}

const TYPE_OF_CANDIDATE: Readonly<Record<string, NetworkPath['type']>> = {
  host: 'HOST',
  local: 'HOST',
  srflx: 'STUN',
  serverreflexive: 'STUN',
  stun: 'STUN',
  prflx: 'STUN',
  peerreflexive: 'STUN',
  relay: 'TURN',
  relayed: 'TURN',
};

/**
 * What the first byte of a relayed candidate's priority says in Chrome, Edge and Safari. 0 is TLS there, but
 * TCP in Firefox.
 */
const RELAY_OF_PREFERENCE: Readonly<Record<number, NetworkPath['transport']>> = { 2: 'udp', 1: 'tcp' };
const PREFERENCE_UNIT = 2 ** 24;

/** The path as of the present call, or null while no pair is in use. */
export function readNetworkPath(store: ReportStore): NetworkPath | null {
  const pair = pairInUse(store);
  if (pair === null) return null;
  const candidate = store.get('candidate', pair.localCandidateId);
  const kind = readText(candidate?.candidateType) ?? readText(pair.googLocalCandidateType);
  const type = kind === null || !Object.hasOwn(TYPE_OF_CANDIDATE, kind) ? undefined : TYPE_OF_CANDIDATE[kind];
  if (type === undefined) return null;
  const relay = type === 'TURN' ? candidate : relayOf(store, candidate);
  if (type === 'TURN' || relay !== null) return { type: 'TURN', transport: relayTransport(relay) };
  const said =
    readText(candidate?.protocol) ?? readText(candidate?.transport) ?? readText(pair.googTransportType);
  return { type, transport: transportOf(said) };
}

function pairInUse(store: ReportStore): Fields | null {
  for (const { fields } of store.each('transport')) {
    const selected = store.get('candidate-pair', fields.selectedCandidatePairId);
    if (selected !== null) return selected;
  }
  let nominated: Fields | null = null;
  for (const { fields } of store.each('candidate-pair')) {
    if (
      fields.selected === true ||
      fields.googActiveConnection === true ||
      fields.googActiveConnection === 'true'
    )
      return fields;
    if (fields.nominated === true && (fields.state === 'succeeded' || nominated === null)) nominated = fields;
  }
  return nominated;
}

/**
 * The relayed candidate behind one that was learnt from the far end's checks (prflx): itself where the
 * browser names a relay for it, else the one of the same address, as its packets then go through that relay.
 * Null for every other candidate.
 */
function relayOf(store: ReportStore, candidate: Fields | null): Fields | null {
  const kind = readText(candidate?.candidateType);
  if (candidate === null || (kind !== 'prflx' && kind !== 'peerreflexive')) return null;
  if (readText(candidate.relayProtocol) !== null || /^turns?:/i.test(readText(candidate.url) ?? ''))
    return candidate;
  const address = addressOf(candidate);
  if (address === null) return null;
  for (const { fields } of store.each('candidate')) {
    const isRelay = fields.candidateType === 'relay' || fields.candidateType === 'relayed';
    if (isRelay && addressOf(fields) === address) return fields;
  }
  return null;
}

function addressOf(candidate: Fields): string | null {
  return readText(candidate.address) ?? readText(candidate.ip) ?? readText(candidate.ipAddress);
}

/**
 * How the relay is reached. The candidate's own protocol is that between relay and far end, always UDP, and
 * says nothing of it.
 */
function relayTransport(candidate: Fields | null): NetworkPath['transport'] {
  if (candidate === null) return null;
  const said = transportOf(readText(candidate.relayProtocol));
  if (said !== null) return said;
  const url = readText(candidate.url);
  if (url !== null) return transportOfUrl(url);
  return RELAY_OF_PREFERENCE[Math.floor(Number(candidate.priority) / PREFERENCE_UNIT)] ?? null;
}

/**
 * RFC 7065: `turn:host?transport=tcp`, `turns:host`. Without a transport browsers reach `turn:` over UDP, and
 * `turns:` over TLS.
 */
function transportOfUrl(url: string): NetworkPath['transport'] {
  const match = /^(turns?):[^?]*(?:\?(?:.*&)?transport=(\w+))?/i.exec(url);
  if (match === null) return null;
  const transport = match[2]?.toLowerCase();
  if (match[1]?.toLowerCase() === 'turns') return transport === 'udp' ? null : 'tls';
  return transport === undefined ? 'udp' : transportOf(transport);
}

function transportOf(text: string | null): NetworkPath['transport'] {
  const lower = text?.toLowerCase();
  if (lower === 'udp' || lower === 'tcp' || lower === 'tls') return lower;
  return lower === 'ssltcp' ? 'tls' : null;
}
