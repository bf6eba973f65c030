import type { SettlementSettings } from '../matching/settings.ts';
import type { LedgerLine } from './model.ts';
import type { PostingRules } from './posting-rules.ts';

/** A document whose buyer owes (or is owed) nothing any more. */
export interface ClearedDocument {
  readonly kind: 'INVOICE' | 'CREDIT_MEMO';
  readonly channelCode: string;
  /** Null when nobody knows it: then it is none that settles later. */
  readonly channelKind: string | null;
  readonly currencyCode: string;
  /** Minor units. */
  readonly netMinor: string;
  readonly taxMinor: string;
}

/**
 * How clearing is posted, here and in the ERP, so that both books have the same on every account: a marketplace collects
 * and refunds itself, and may keep the tax to pay it to the state; anybody else's money is with the payment provider.
 */
export function clearingLines(
  document: ClearedDocument,
  rules: PostingRules,
  settings: SettlementSettings,
): readonly LedgerLine[] {
  const { currencyCode } = document;
  const [net, tax] = [BigInt(document.netMinor), BigInt(document.taxMinor)];
  const event = document.kind === 'INVOICE' ? 'PAYMENT' : 'REFUND';
  if (document.channelKind !== 'MARKETPLACE') return rules.lines(event, 'PROVIDER', net + tax, currencyCode);
  const { remitsTax } = settings.channel(document.channelCode);
  return [
    ...rules.lines(event, 'CHANNEL', remitsTax ? net : net + tax, currencyCode),
    ...rules.lines(event, 'CHANNEL_TAX', remitsTax ? tax : 0n, currencyCode),
  ];
}
