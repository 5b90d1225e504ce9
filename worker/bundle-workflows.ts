// Makes the workflow bundle and writes it to standard output. It is a separate process, because the bundler
// takes more memory than a worker and would not release it. It is run by makeBundle when no bundle was built.
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const workflowsPath = fileURLToPath(new URL(`../workflows/index.${extension}`, import.meta.url));
const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
process.stdout.write(code);
