// Where the page of a run lies in the Web UI. Pure; who knows where the Web UI is served stands in the
// configuration.

export interface WebUi {
  /** Without a slash at its end. */
  url: string;
  namespace: string;
}

export function toRunPage({ url, namespace }: WebUi, run: { workflowId: string; runId: string }): string {
  return `${url}/namespaces/${namespace}/workflows/${encodeURIComponent(run.workflowId)}/${run.runId}/history`;
}
