// Which way a connection's packets took: kind of the local candidate and transport of the pair in use. Read anew at every
// reading, since a call may start over a relay and go on directly; the peer's path is the one used for the longest time.
import { readText } from './read-value.ts';
import type { Fields } from './read-value.ts';
import type { ReportStore } from './report-store.ts';

export interface NetworkPath {
  type: 'HOST' | 'STUN' | 'TURN';
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

/** The path as of the present call, or null while no pair is in use. */
export function readNetworkPath(store: ReportStore): NetworkPath | null {
  const pair = pairInUse(store);
  if (pair === null) return null;
  const candidate = store.get('candidate', pair.localCandidateId);
  const kind = readText(candidate?.candidateType) ?? readText(pair.googLocalCandidateType);
  const type = kind === null || !Object.hasOwn(TYPE_OF_CANDIDATE, kind) ? undefined : TYPE_OF_CANDIDATE[kind];
  if (type === undefined) return null;
  const relayed = type === 'TURN' ? readText(candidate?.relayProtocol) : null;
  return {
    type,
    transport: transportOf(relayed ?? readText(candidate?.protocol) ?? readText(pair.googTransportType)),
  };
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

function transportOf(text: string | null): NetworkPath['transport'] {
  const lower = text?.toLowerCase();
  if (lower === 'udp' || lower === 'tcp' || lower === 'tls') return lower;
  return lower === 'ssltcp' ? 'tls' : null;
}
