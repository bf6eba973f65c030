import type { Knex } from 'knex';
import type { OmsClient } from '../../systems/oms/client.ts';
import { omsOrderDesk } from './adapters/oms.ts';
import { omsDeskAudit } from './adapters/oms-audit.ts';
import { deskComparison } from './desk-comparison.ts';
import { createCapture, createOrderBook, createOrderSubgraph, releaseHeardHolds } from './index.ts';

/** The order domain with the reference order desk: the one place that picks its adapter. */
export function openOrder(deps: { knex: Knex; oms: OmsClient }) {
  const capture = createCapture({ knex: deps.knex });
  return {
    subgraph: createOrderSubgraph({ knex: deps.knex, capture }),
    capture,
    book: createOrderBook(deps.knex),
    desk: omsOrderDesk(deps.oms),
    comparisons: [deskComparison({ knex: deps.knex, desk: omsDeskAudit(deps.oms) })],
    releaseHeardHolds: () => releaseHeardHolds(deps.knex),
  };
}
