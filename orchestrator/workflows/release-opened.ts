import { durableStep } from '../durable.ts';
import type { OrchestratorDeps } from '../port.ts';
import { releaseWork } from './fulfil-order.ts';

export interface ReleaseOpenedInput {
  readonly fulfillmentOrderId: string;
  readonly orderId: string;
  readonly channelCode: string;
  readonly traceId: string;
}

/** Work that was held or scheduled is open: its node gets it. */
export async function releaseOpened(deps: OrchestratorDeps, input: ReleaseOpenedInput): Promise<void> {
  await durableStep(deps, input, { name: 'release-work', system: 'wms' }, (signal) => releaseWork(deps, input, signal)); // biome-ignore format: one thought
}
