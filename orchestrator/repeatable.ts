/**
 * Steps that may run again although they are done, and why that has no second effect. Whatever is not named here makes
 * a decision from the state of this moment, which may differ from the one that was carried out.
 */
const REPEATABLE: readonly { readonly step: RegExp; readonly because: string }[] = [
  { step: /^accept-order$/, because: 'the desk knows an order by our id; book: `accept`' },
  { step: /^release-(work(-\d+)?|ful_\w+)$/, because: 'the node knows work by the id of the fulfillment order' },
  { step: /^mark-shipped$/, because: 'book: `ship:<shipment>`' },
  { step: /^confirm-shipment$/, because: 'the desk knows the notice by the id of the shipment' },
  { step: /^post-invoice$/, because: 'the ERP knows the document by `<shipment>:invoice`' },
  { step: /^clear-document-\d+$/, because: 'the ERP knows the clearing by `<document>:clear`' },
  { step: /^mark-paid$/, because: 'book: `paid:<shipment>`' },
  { step: /^restock-return$/, because: 'the warehouse knows the receipt by the id of the arrival' },
  { step: /^post-credit-memo$/, because: 'the ERP knows the document by `<event>:credit-memo`' },
  { step: /^issue-return-label$/, because: 'the carrier knows the label by the id of the event' },
  { step: /^record-return-label$/, because: 'book: `label:<event>`; a parcel is noted once' },
  { step: /^put-return-aside$/, because: 'the warehouse knows the receipt by the id of the arrival' },
  { step: /^report-return$/, because: 'the desk knows the notice by its own number; what it took is not told again' },
  { step: /^settle-(return|refund)$/, because: 'book: `settled:<event>`' },
  { step: /^look-at-desk-\d+$/, because: 'it only reads' },
  { step: /^ask-node-to-stop$/, because: 'the node gives a delivery back once' },
  { step: /^withdraw-units$/, because: 'a wish asks a node once' },
  { step: /^keep-units$/, because: 'book: `not-withdrawn:<wish>`' },
  { step: /^record-refusal$/, because: 'it sets the same state; book: `withdrawal-refused:<work>`' },
  { step: /^cancel-at-desk$/, because: 'the desk knows the notice by the id of the cancellation' },
];

/** What the engine and `durable.ts` note between the steps: pauses, messages, exceptions. */
const BETWEEN = /^DBOS\.|:(raise|resolved)$/;

/** The first of these steps that could have a second effect; undefined when none could. */
export function unrepeatable(steps: readonly string[]): string | undefined {
  return steps.find((name) => !BETWEEN.test(name) && !REPEATABLE.some(({ step }) => step.test(name)));
}
