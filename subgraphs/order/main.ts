import type { Knex } from 'knex';
import type { OmsClient } from '../../systems/oms/client.ts';
import { omsOrderDesk } from './adapters/oms.ts';
import { omsDeskAudit } from './adapters/oms-audit.ts';
import { deskComparison } from './desk-comparison.ts';
import {
  createCapture,
  createDutyConsumption,
  createOrderBook,
  createOrderSubgraph,
  escalateDuties,
  keepReturns,
  loadChannelClocks,
  loadReturnPolicy,
  type ReportDuty,
  type ReportReturn,
  releaseHeardHolds,
  type SettleExceptions,
} from './index.ts';

/** The order domain with the reference order desk: the one place that picks its adapter. */
export function openOrder(deps: {
  knex: Knex;
  oms: OmsClient;
  report: ReportDuty & ReportReturn;
  settle: SettleExceptions;
}) {
  const { knex, report, settle } = deps;
  const clocks = loadChannelClocks();
  const policy = loadReturnPolicy();
  const capture = createCapture({ knex: deps.knex });
  return {
    subgraph: createOrderSubgraph({ knex: deps.knex, capture, returnPolicy: policy }),
    capture,
    book: createOrderBook(deps.knex),
    desk: omsOrderDesk(deps.oms),
    comparisons: [deskComparison({ knex: deps.knex, desk: omsDeskAudit(deps.oms) })],
    duties: createDutyConsumption({ knex, clocks, settle }),
    escalateDuties: () => escalateDuties({ knex, clocks, report }),
    keepReturns: () => keepReturns({ knex, policy, report, settle }),
    releaseHeardHolds: () => releaseHeardHolds(deps.knex),
  };
}
