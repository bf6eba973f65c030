import { DBOS } from '@dbos-inc/dbos-sdk';
import type { RunStep } from './durable.ts';
import type { OrchestratorDeps } from './port.ts';

const FIRST_PAUSE_MILLIS = 1_000;
const MAX_PAUSE_MILLIS = 600_000;

/** Clears a document as soon as it is in the ERP's books; an ERP may post at once or in a nightly run. Inside a workflow only. */
export async function clearDocument(deps: OrchestratorDeps, step: RunStep, documentId: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    if (
      await step({ name: `clear-document-${attempt}`, system: 'erp' }, (signal) =>
        deps.finance.clear(documentId, signal),
      )
    )
      return;
    await DBOS.sleep(Math.min(MAX_PAUSE_MILLIS, FIRST_PAUSE_MILLIS * 2 ** attempt));
  }
}
