import type { z } from 'zod';
import type { CallOptions } from '../client-kit/call-options.ts';
import { rejectionCode } from '../client-kit/failure.ts';
import type { SystemStatistics } from '../client-kit/statistics.ts';
import { createSystemClient, type SystemClientOptions } from '../client-kit/system-client.ts';
import { type Listing, type ListingUpdate, listingsPage, type Sale, type SaleNotice, sale, type UpdateResult, updateResult, updateTaken } from './wire.ts'; // biome-ignore format: one line

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
  /** Updates what the seller lists. An update is recognised by its reference: it is repeated safely. @returns its number */
  updateListings(marketplace: string, update: ListingUpdate, options?: CallOptions): Promise<string>;
  updateResult(marketplace: string, updateNo: string, options?: CallOptions): Promise<UpdateResult>;
  /** All that the seller lists, page by page. */
  listings(marketplace: string, options?: CallOptions): AsyncIterable<readonly Listing[]>;
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
    async updateListings(marketplace, body, call) {
      const path = `/marketplaces/${encodeURIComponent(marketplace)}/listing-updates`;
      return (await client.call({ ...call, method: 'POST', path, body, answer: updateTaken, repeatable: true }))
        .updateNo;
    },
    updateResult(marketplace, updateNo, call) {
      const path = `/marketplaces/${encodeURIComponent(marketplace)}/listing-updates/${encodeURIComponent(updateNo)}`;
      return client.call({ ...call, method: 'GET', path, answer: updateResult, repeatable: true });
    },
    async *listings(marketplace, call) {
      const path = `/marketplaces/${encodeURIComponent(marketplace)}/listings`;
      let after: string | null = '';
      while (after !== null) {
        const query: { after: string } = { after };
        const page: z.output<typeof listingsPage> = await client.call({ ...call, method: 'GET', path, query, answer: listingsPage, repeatable: true }); // biome-ignore format: one thought
        yield page.listings;
        after = page.next;
      }
    },
    statistics: () => client.statistics(),
    close: () => client.close(),
  };
}
