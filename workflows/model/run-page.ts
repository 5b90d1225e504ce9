// The address of a run's page in the Web UI. Pure; the Web UI's own address comes from the configuration.

export interface WebUi {
  /** Without a slash at its end. */
  url: string;
  namespace: string;
}

export function toRunPage({ url, namespace }: WebUi, run: { workflowId: string; runId: string }): string {
  return `${url}/namespaces/${namespace}/workflows/${encodeURIComponent(run.workflowId)}/${run.runId}/history`;
}
