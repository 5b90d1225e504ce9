// Reads from ClickHouse's plan of a query whether its conditions reach the primary key. Pure; knows the JSON
// that `EXPLAIN json = 1, indexes = 1` prints, and ignores everything else in it.
import { z } from 'zod';

const indexSchema = z.object({ Type: z.string(), Condition: z.string().optional() });

interface PlanNode {
  'Node Type': string;
  Description?: string | undefined;
  Indexes?: z.infer<typeof indexSchema>[] | undefined;
  Plans?: PlanNode[] | undefined;
}

const nodeSchema: z.ZodType<PlanNode> = z.object({
  'Node Type': z.string(),
  Description: z.string().optional(),
  Indexes: z.array(indexSchema).optional(),
  get Plans() {
    return z.array(nodeSchema).optional();
  },
});

const planSchema = z.tuple([z.object({ Plan: nodeSchema })]);

/**
 * `ok` when a table is read by a primary-key condition that holds all of `values`, or when the server sees at
 * once that there is nothing to read. `got` says which table, and by what condition.
 */
export function rangeOfPlan(plan: string, values: readonly string[]): { ok: boolean; got: string } {
  const nodes = allNodes(planSchema.parse(JSON.parse(plan))[0].Plan);
  const reads = nodes.filter((node) => node['Node Type'] === 'ReadFromMergeTree');
  if (reads.length === 0) {
    const leaves = nodes.filter(({ Plans = [] }) => Plans.length === 0).map((node) => node['Node Type']);
    const isNothing = leaves.every((leaf) => leaf === 'ReadNothing');
    if (isNothing) return { ok: true, got: 'nothing to read yet' };
    return { ok: false, got: `no table of the MergeTree family is read, but ${leaves.join(', ')}` };
  }
  for (const read of reads) {
    const condition = primaryKeyCondition(read);
    if (values.every((value) => condition.includes(value)))
      return { ok: true, got: `${read.Description ?? 'a table'} is read by its primary key` };
  }
  return {
    ok: false,
    got: reads
      .map((read) => `${read.Description ?? 'a table'} is read by ${primaryKeyCondition(read)}`)
      .join('; '),
  };
}

function primaryKeyCondition({ Indexes = [] }: PlanNode): string {
  const condition = Indexes.find(({ Type }) => Type === 'PrimaryKey')?.Condition;
  return condition === undefined || condition === 'true' ? 'no condition on its primary key' : condition;
}

function allNodes(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(allNodes)];
}
