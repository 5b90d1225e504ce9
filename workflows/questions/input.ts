// The shapes of what a client asks a worker.
import type { PreflightRequest } from './preflight-contract.ts';
import type { StatusRequest, StreamState } from './status-contract.ts';
import type { VerifyRequest } from './verify-contract.ts';
import type { Target } from '../export/contract.ts';
import type { Covered } from '../model/cover.ts';
import type { StreamDefinition } from '../model/stream.ts';
import {
  either,
  isObject,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  record,
  such,
  text,
  truth,
  whole,
} from '../model/shape.ts';
import type { Shape } from '../model/shape.ts';
import { definition, interval, settings, streamName } from '../model/stream-shape.ts';

const covered = { stream: streamName, settings, interval };

export const findManifestRequest = object<Target>({ ...covered, projects: optional(list(text)) });

const state = object<StreamState>({
  stream: definition,
  paused: truth,
  note: nullable(text),
  nextFireMs: nullable(number),
});

export const statusRequest: Shape<StatusRequest> = either(
  {
    when: (value) => isObject(value) && 'states' in value,
    shape: object<{ states: StreamState[] }>({ states: list(state) }),
  },
  object<{ from: string | null; rowsMax: number }>({ from: nullable(text), rowsMax: whole(1, 100_000) }),
);

export const preflightRequest = object<PreflightRequest>({
  destinations: list(text),
  dataPrefixes: record(list(text)),
  morePrefixes: list(text),
  asks: oneOf(['checks', 'policy']),
});

export const verifyRequest = object<VerifyRequest>({
  destination: text,
  key: text,
  deep: truth,
  covers: optional(object<Covered>(covered)),
});

export const checkStreamsRequest = object<{ streams: StreamDefinition[] }>({
  streams: list(such('an object', isObject)),
});
