import { z } from 'zod';
import { isCurrencyCode } from '../../../platform/money.ts';
import { balancesAnswer, summaryAnswer, type WireBalance, type WireBreakdown } from './amazon-finances/wire.ts';
import { type AmountNode, describeMismatch, treeMismatches } from './amount-tree.ts';
import { parseExactJson, readJsonAmount } from './exact-json.ts';
import { ReportRefusal, unreadable } from './refusal.ts';

/** A statement that sums up what reports hold in lines: nothing to post, but it must add up. */
export type PublishedStatement = 'AMAZON_BALANCES' | 'AMAZON_SUMMARY' | 'WALMART_PAYMENT_STATEMENT';

/**
 * Checks the arithmetic of a summary statement of a channel.
 * @returns which statement it is
 * @throws ReportRefusal TOTAL_MISMATCH with every amount that is not the sum of its parts; UNREADABLE when it is none of them
 */
export function checkPublishedStatement(text: string): PublishedStatement {
  const document = parseExactJson(text);
  const balances = balancesAnswer.safeParse(document);
  if (balances.success) return check('AMAZON_BALANCES', balances.data.balances.map(balanceTree));
  const summary = summaryAnswer.safeParse(document);
  if (summary.success) {
    return check('AMAZON_SUMMARY', summary.data.summaries.map(({ netProceeds, breakdowns }) => {
      const { currencyCode } = netProceeds;
      return { currencyCode, tree: node('netProceeds', amount(netProceeds.currencyAmount, currencyCode), (breakdowns ?? []).map((part) => breakdownTree(part, currencyCode))) }; // biome-ignore format: one thought
    })); // biome-ignore format: one thought
  }
  const statement = walmartStatement.safeParse(document);
  if (statement.success) return check('WALMART_PAYMENT_STATEMENT', [walmartTree(statement.data.payload)]);
  throw unreadable(
    "The document is none of: Amazon's listBalances or listSummary answer, Walmart's payment statement. Reports with lines are checked with their format.",
  );
}

interface Statement {
  readonly currencyCode: string;
  readonly tree: AmountNode;
}

function check(kind: PublishedStatement, statements: readonly Statement[]): PublishedStatement {
  const faults = statements.flatMap(({ tree, currencyCode }) =>
    treeMismatches(tree).map((mismatch) => describeMismatch(mismatch, currencyCode)),
  );
  if (faults.length > 0) throw new ReportRefusal('TOTAL_MISMATCH', faults.join('\n'));
  return kind;
}

const node = (name: string, minor: bigint, parts: readonly AmountNode[] = []): AmountNode => ({ name, minor, parts });

function amount(text: string, currencyCode: string): bigint {
  if (!isCurrencyCode(currencyCode)) throw unreadable('Expected an ISO 4217 code as currency.');
  const minor = readJsonAmount(text, currencyCode);
  if (minor === null) throw unreadable(`An amount is none in ${currencyCode}.`);
  return minor;
}

function balanceTree(wire: WireBalance): Statement {
  const { currencyCode } = wire.amount;
  const tree = (balance: WireBalance): AmountNode =>
    node(balance.balanceType, amount(balance.amount.currencyAmount, currencyCode), (balance.balances ?? []).map(tree));
  return { currencyCode, tree: tree(wire) };
}

function breakdownTree(wire: WireBreakdown, currencyCode: string): AmountNode {
  return node(
    wire.breakdownType ?? '',
    amount(wire.breakdownAmount?.currencyAmount ?? '', currencyCode),
    (wire.breakdowns ?? []).map((part) => breakdownTree(part, currencyCode)),
  );
}

const numbers = z.record(z.string(), z.unknown());
const walmartStatement = z.object({
  payload: z.object({
    accountSummary: numbers,
    transactionDetails: z.object({
      saleAggregate: numbers,
      refundDetails: numbers,
      adjustmentAggregate: numbers,
      wfs: numbers,
    }),
  }),
});

/** Walmart states its parts by name, in dollars; which of them make up which total is known from its documentation. */
function walmartTree({ accountSummary, transactionDetails }: z.output<typeof walmartStatement>['payload']): Statement {
  const currencyCode = 'USD';
  const read = (from: Record<string, unknown>, name: string) => amount(String(from[name] ?? '0'), currencyCode);
  const leaf = (from: Record<string, unknown>, name: string) => node(name, read(from, name));
  const rest = (from: Record<string, unknown>, except: string) =>
    Object.keys(from).filter((name) => name !== except).map((name) => leaf(from, name)); // biome-ignore format: one thought
  const aggregate = (name: string, from: Record<string, unknown>) =>
    node(name, read(from, 'netPayable'), [
      leaf(from, 'productPrice'),
      leaf(from, 'shipping'),
      node('netTaxCollected', read(from, 'netTaxCollected'), [leaf(from, 'productTaxCollected'), leaf(from, 'shippingTaxCollected')]),
      node('netTaxWithheld', read(from, 'netTaxWithheld'), [leaf(from, 'productTaxWithheld'), leaf(from, 'shippingTaxWithheld')]),
      commission(from),
      leaf(from, 'wfsShipping'),
      leaf(from, 'wfsShipppingTax'),
    ]); // biome-ignore format: a table
  const commission = (from: Record<string, unknown>) => {
    const parts = [leaf(from, 'totalBaseCommission'), leaf(from, 'commissionSavings')];
    // Of refunds only the net is told: both parts are zero.
    return node('netComm', read(from, 'netComm'), parts.every(({ minor }) => minor === 0n) ? [] : parts);
  };
  const { saleAggregate, refundDetails, adjustmentAggregate, wfs } = transactionDetails;
  const tree = node('closingBalance', read(accountSummary, 'closingBalance'), [
    leaf(accountSummary, 'openingBalance'),
    node('orderActivity', read(accountSummary, 'orderActivity'), [
      aggregate('saleAggregate', saleAggregate),
      aggregate('refundDetails', refundDetails),
      node('adjustmentAggregate', read(adjustmentAggregate, 'netPayable'), rest(adjustmentAggregate, 'netPayable')),
    ]),
    node('walmartFulfillmentServices', read(accountSummary, 'walmartFulfillmentServices'), [
      node('wfs', read(wfs, 'netPayable'), rest(wfs, 'netPayable')),
    ]),
    leaf(accountSummary, 'otherActivities'),
    leaf(accountSummary, 'reserve'),
    leaf(accountSummary, 'paidToYou'),
  ]);
  return { currencyCode, tree };
}
