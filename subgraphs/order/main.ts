import type { Knex } from 'knex';
import { CommerceError } from '../../platform/errors.ts';
import type { ChannelClient } from '../../systems/channel/client.ts';
import type { OmsClient } from '../../systems/oms/client.ts';
import { referenceChannel } from './adapters/channel.ts';
import { omsOrderDesk } from './adapters/oms.ts';
import { omsDeskAudit } from './adapters/oms-audit.ts';
import { deskComparison } from './desk-comparison.ts';
import {
  createCapture,
  createDutyConsumption,
  createNoticeConsumption,
  createNoticeSender,
  createOrderBook,
  createOrderSubgraph,
  escalateDuties,
  keepingRefused,
  keepReturns,
  loadChannelClocks,
  loadChannelConnections,
  loadReturnPolicy,
  placeRefused,
  REFUSED_IMPORTS,
  type ReportDuty,
  type ReportImport,
  type ReportNotice,
  type ReportReturn,
  releaseHeardHolds,
  type SettleExceptions,
} from './index.ts';

/** The order domain with the reference order desk and channels: the one place that picks its adapters. */
export function openOrder(deps: {
  knex: Knex;
  oms: OmsClient;
  /** Null where the channel system has no URL. */
  channel: ChannelClient | null;
  report: ReportDuty & ReportReturn & ReportImport;
  reportNotice: ReportNotice;
  settle: SettleExceptions;
  /** Hears of outages of our own store while notices are sent; the sending goes on by itself. */
  onSendingFailure(error: unknown): void;
}) {
  const { knex, report, settle } = deps;
  const clocks = loadChannelClocks();
  const connections = loadChannelConnections();
  const policy = loadReturnPolicy();
  const placing = createCapture({ knex });
  const capture = keepingRefused(placing, { knex, report });
  return {
    subgraph: createOrderSubgraph({ knex: deps.knex, capture, returnPolicy: policy }),
    capture,
    book: createOrderBook(knex, connections),
    desk: omsOrderDesk(deps.oms),
    comparisons: [deskComparison({ knex: deps.knex, desk: omsDeskAudit(deps.oms) })],
    duties: createDutyConsumption({ knex, clocks, connections, settle }),
    notices: createNoticeConsumption({ knex, connections }),
    /**
     * Sends channels what they are to be told. Only where work is done without a request: others need not reach channels.
     * @throws CommerceError CONFIGURATION_INVALID when a connected channel cannot be reached for want of a URL
     */
    openNoticeSender() {
      const channels = new Map(
        [...connections.keys()].map((code) => {
          if (deps.channel === null)
            throw new CommerceError(
              'CONFIGURATION_INVALID',
              `config/channels.yaml connects ${code} by the reference connector, and CHANNEL_URL is missing. Set it, or take ${code} out of the file.`,
              { variables: 'CHANNEL_URL' },
            );
          return [code, referenceChannel(deps.channel)] as const;
        }),
      );
      return createNoticeSender({
        knex,
        channels,
        report: deps.reportNotice,
        settle,
        onFailure: deps.onSendingFailure,
      });
    },
    escalateDuties: () => escalateDuties({ knex, clocks, report }),
    keepReturns: () => keepReturns({ knex, policy, report, settle }),
    /** Entries that were set aside, by who takes them again: one attempt. */
    takeAgain: { [REFUSED_IMPORTS]: (id: string) => placeRefused({ knex, report }, placing, id) },
    releaseHeardHolds: () => releaseHeardHolds(deps.knex),
  };
}
