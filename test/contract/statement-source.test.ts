import { amazonFinances, amazonReports } from '../../subgraphs/settlement/adapters/amazon.ts';
import { memoryStatementSource } from '../../subgraphs/settlement/adapters/memory-statements.ts';
import { payoutJson, startAmazon } from '../helpers/amazon.ts';
import { type StatementSourceWorld, statementSourceContract } from './statement-source.contract.ts';

statementSourceContract('memory', async () => {
  const source = memoryStatementSource();
  return {
    source,
    add: (id, createdAt, content) => source.add({ id, format: 'AMAZON_SETTLEMENT_V2', createdAt }, content),
    addUnfinished: () => undefined,
    addPayout: (id, at) => source.addPayouts(at, `{"payouts":[${payoutJson(id, 'PAID', at)}]}`),
    stop: async () => undefined,
  };
});

statementSourceContract("Amazon's reports over HTTP", async (): Promise<StatementSourceWorld> => {
  const { account, client, stop } = await startAmazon();
  return {
    // A report goes by the id of its document.
    source: withIds(amazonReports(client), 'document-'),
    add: (reportId, createdAt, content) => account.reports.push({ reportId, createdAt, status: 'DONE', content }),
    addUnfinished: (reportId, createdAt) =>
      account.reports.push({ reportId, createdAt, status: 'IN_PROGRESS', content: '' }),
    addPayout: (id, createdAt) => account.payouts.push({ createdAt, json: payoutJson(id, 'PAID', createdAt) }),
    stop,
  };
});

statementSourceContract("Amazon's finances over HTTP", async (): Promise<StatementSourceWorld> => {
  const { account, client, stop } = await startAmazon();
  const startOf = (endedAt: Date) => new Date(endedAt.getTime() - 14 * 86_400_000);
  const transactions = (content: string) =>
    (JSON.parse(content) as { transactions: unknown[] }).transactions.flatMap((one) => Array.from({ length: 3 }, () => JSON.stringify(one))); // biome-ignore format: one thought
  return {
    source: amazonFinances(client, () => new Date('2026-12-01T00:00:00Z')),
    add: (id, endedAt, content) =>
      account.groups.push({ id, startedAt: startOf(endedAt), endedAt, transactions: transactions(content) }),
    addUnfinished: (id, at) => account.groups.push({ id, startedAt: startOf(at), endedAt: null, transactions: [] }),
    addPayout: (id, createdAt) => account.payouts.push({ createdAt, json: payoutJson(id, 'PAID', createdAt) }),
    stop,
  };
});

function withIds(source: StatementSourceWorld['source'], prefix: string): StatementSourceWorld['source'] {
  return {
    ...source,
    statementsSince: async (since, signal) =>
      (await source.statementsSince(since, signal)).map((one) => ({ ...one, id: one.id.replace(prefix, '') })),
    read: (statement, signal) => source.read({ ...statement, id: prefix + statement.id }, signal),
  };
}
