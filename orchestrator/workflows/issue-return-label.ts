import { durableStep, type RunStep } from '../durable.ts';
import type { OrchestratorDeps } from '../port.ts';

export interface IssueReturnLabelInput {
  /** Id of the event that asked for it: one label per event. */
  readonly labelId: string;
  readonly returnId: string;
  readonly orderId: string;
  readonly channelCode: string;
  readonly number: string;
  readonly originCountry: string | null;
  readonly traceId: string;
}

/** The carrier issues a label for a permitted return; its scans move the return from then on. */
export async function issueReturnLabel(deps: OrchestratorDeps, input: IssueReturnLabelInput): Promise<void> {
  const { labelId, returnId, orderId, channelCode, number, originCountry, traceId } = input;
  const step: RunStep = (options, run) => durableStep(deps, input, options, run);
  const label = await step({ name: 'issue-return-label', system: 'carrier' }, (signal) =>
    deps.carrier.issueReturnLabel({ key: labelId, reference: number, originCountry }, signal),
  );
  await step({ name: 'record-return-label', system: 'commerce' }, async () => {
    await deps.orders.recordReturnLabel(returnId, label, { key: `label:${labelId}`, traceId });
    await deps.fulfillment.expectReturnParcel({ ...label, returnId, orderId, channelCode, traceId });
  });
}
