import type { CallOptions } from '../client-kit/call-options.ts';
import { rejectionCode } from '../client-kit/failure.ts';
import type { SystemStatistics } from '../client-kit/statistics.ts';
import { createSystemClient, type SystemClientOptions } from '../client-kit/system-client.ts';
import { type Sale, type SaleNotice, sale } from './wire.ts';

/** A sale as its marketplace calls it. */
export interface SaleName {
  /** e.g. AMAZON: one channel system may run several. */
  readonly marketplace: string;
  readonly saleNo: string;
}

/** A marketplace as its sellers see it. Every failure is a CommerceError, see {@link createSystemClient}. */
export interface ChannelClient {
  /**
   * Tells what became of a sale. A notice is recognised by its reference: it is repeated safely.
   * Refusals: REFERENCE_REUSED, MORE_THAN_BOUGHT, OTHER_ARTICLE.
   */
  notify(name: SaleName, notice: SaleNotice, options?: CallOptions): Promise<Sale>;
  /** Null when the marketplace was never told of it. */
  sale(name: SaleName, options?: CallOptions): Promise<Sale | null>;
  statistics(): SystemStatistics;
  close(): Promise<void>;
}

export function createChannelClient(options: SystemClientOptions): ChannelClient {
  const client = createSystemClient('CHANNEL', options);
  const pathOf = ({ marketplace, saleNo }: SaleName) =>
    `/marketplaces/${encodeURIComponent(marketplace)}/sales/${encodeURIComponent(saleNo)}`;
  return {
    notify: (name, body, call) =>
      client.call({ ...call, method: 'POST', path: `${pathOf(name)}/notices`, body, answer: sale, repeatable: true }),
    async sale(name, call) {
      try {
        return await client.call({ ...call, method: 'GET', path: pathOf(name), answer: sale, repeatable: true });
      } catch (error) {
        if (rejectionCode(error) === 'UNKNOWN_SALE') return null;
        throw error;
      }
    },
    statistics: () => client.statistics(),
    close: () => client.close(),
  };
}
