import type { Knex } from 'knex';
import type { Clock } from '../../platform/clock.ts';
import type { RequestContext } from '../../platform/graphql/subgraph.ts';
import type { Capture } from './capture/capture.ts';
import type { OrderLoaders } from './loaders.ts';
import type { OrderReader } from './read.ts';
import type { ReturnPolicy } from './returns/policy.ts';
import type { StrandedParcels } from './returns/stranded-parcels.ts';

/** What the resolvers of this subgraph can rely on, for one request. */
export interface OrderContext extends RequestContext {
  readonly knex: Knex;
  readonly clock: Clock;
  readonly capture: Capture;
  readonly returnPolicy: ReturnPolicy;
  readonly parcels: StrandedParcels;
  readonly reader: OrderReader;
  readonly loaders: OrderLoaders;
}
