// The command line's connection to Temporal, and its messages when the server cannot be reached.
import { Client, Connection, isGrpcServiceError } from '@temporalio/client';
import type { ServiceError } from '@temporalio/client';
import { readTemporalConfig } from '../config/config.ts';
import type { TemporalConfig } from '../config/config.ts';
import { toRunPage } from '../workflows/model/run-page.ts';

export interface Connected {
  client: Client;
  connection: Connection;
  config: TemporalConfig;
}

/** A server that does not answer in this time counts as unreachable, because a person waits. */
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * The gRPC status codes for a refused request, for a call that took too long, and for an unreachable server.
 */
const GRPC_INVALID_ARGUMENT = 3;
const GRPC_DEADLINE_EXCEEDED = 4;
const GRPC_UNAVAILABLE = 14;

/** Opens a connection for the duration of `use`, and always closes it. */
export async function withTemporal<Result>(
  use: (connected: Connected) => Promise<Result>,
  config: TemporalConfig = readTemporalConfig(),
): Promise<Result> {
  let connection: Connection;
  try {
    connection = await Connection.connect({
      address: config.address,
      tls: config.tls,
      connectTimeout: CONNECT_TIMEOUT_MS,
      ...(config.apiKey === null ? {} : { apiKey: config.apiKey }),
    });
  } catch (error) {
    throw new TemporalUnreachableError(config.address, error);
  }
  try {
    return await use({ client: new Client({ connection, namespace: config.namespace }), connection, config });
  } finally {
    await connection.close();
  }
}

export class TemporalUnreachableError extends Error {
  override readonly name = 'TemporalUnreachableError';
  constructor(address: string, cause: unknown) {
    super(`Temporal does not answer at ${address} (TEMPORAL_ADDRESS); is it running?`, { cause });
  }
}

/** One sentence for an error that means that a server cannot be reached; undefined for any other error. */
export function describeConnectionError(error: unknown): string | undefined {
  if (error instanceof TemporalUnreachableError) return error.message;
  if (!hasGrpcCode(error, GRPC_UNAVAILABLE)) return undefined;
  return `Temporal cannot be reached: ${error.message}`;
}

/** Whether a call ended because its deadline passed. */
export function isDeadlineExceeded(error: unknown): boolean {
  return hasGrpcCode(error, GRPC_DEADLINE_EXCEEDED);
}

/** Whether the server refused a call because of its arguments. */
export function isInvalidArgument(error: unknown): boolean {
  return hasGrpcCode(error, GRPC_INVALID_ARGUMENT);
}

function hasGrpcCode(error: unknown, wanted: number): error is ServiceError {
  if (!isGrpcServiceError(error)) return false;
  const code: number = error.code;
  return code === wanted;
}

/** The page of a run in the Web UI; null when no address of the Web UI is configured. */
export function runPageOf(config: TemporalConfig, workflowId: string, runId: string): string | null {
  if (config.uiUrl === null) return null;
  return toRunPage({ url: config.uiUrl, namespace: config.namespace }, { workflowId, runId });
}
