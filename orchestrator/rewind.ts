import { DBOS } from '@dbos-inc/dbos-sdk';
import { unrepeatable } from './repeatable.ts';

/** What came of running a workflow again from a step. */
export type Rewound = { readonly kind: 'rewound' } | { readonly kind: 'refused'; readonly message: string };

/** States of a workflow that has ended. */
const ENDED: readonly string[] = ['SUCCESS', 'ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'];

/**
 * Runs a workflow that has ended again, under its id, from the first run of a step. Refused while it is under way, and
 * where one of the steps from there on could have a second effect.
 */
export async function rewind(workflowId: string, step: string): Promise<Rewound> {
  const refused = (message: string): Rewound => ({ kind: 'refused', message });
  const status = await DBOS.getWorkflowStatus(workflowId);
  if (!status) return refused(`There is no workflow ${workflowId}.`);
  if (!ENDED.includes(status.status))
    return refused(`The workflow is under way (${status.status}). Retry its exception instead.`);
  const steps = (await DBOS.listWorkflowSteps(workflowId)) ?? [];
  const from = steps.find(({ name }) => name === step);
  if (!from) {
    const names = [...new Set(steps.map(({ name }) => name))].filter((name) => !name.startsWith('DBOS.'));
    return refused(`The workflow has run no step ${step}; it has run ${names.join(', ')}.`);
  }
  const again = steps.filter(({ functionID }) => functionID >= from.functionID).map(({ name }) => name);
  const danger = unrepeatable(again);
  if (danger !== undefined)
    return refused(`${danger} could have a second effect: it decides by the state of this moment. Begin behind it.`);
  await DBOS.rewindWorkflow(workflowId, { startStep: from.functionID });
  return { kind: 'rewound' };
}
