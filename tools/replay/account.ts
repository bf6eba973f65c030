import { formatAmount, money } from '../../platform/money.ts';
import type { OrderLine } from '../../systems/sample-data/order-lines.ts';
import { DEEDS, type Deed, type Outcome } from './outcomes.ts';
import { count } from './progress.ts';
import { REFUSALS, type RefusalCode } from './refusals.ts';

/** A line of the file and what became of it. */
export interface Entry {
  readonly line: OrderLine;
  readonly outcome: Outcome;
}

const DEED_TEXTS: Readonly<Record<Deed, string>> = {
  ORDERED: 'sold: in an order that arrived',
  CANCELLED: 'cancelled before the goods left',
  RETURNED: 'returned and back in stock',
  STOCK_FOUND: 'found by a clerk and booked in',
  WRITTEN_OFF: 'written off by a clerk',
};

/**
 * The final account: what every line became. The same for every run that ends in the same state; nothing in it depends
 * on when or how often the replay ran.
 * @param orders how many orders stand in which status
 */
export function renderAccount(entries: readonly Entry[], orders: ReadonlyMap<string, number>): string {
  const of = <Kind extends Outcome['kind']>(kind: Kind) =>
    entries.filter(
      (entry): entry is Entry & { outcome: Extract<Outcome, { kind: Kind }> } => entry.outcome.kind === kind,
    );
  const done = of('done');
  const refused = of('refused');
  const open = of('open');
  const codes = Object.keys(REFUSALS) as RefusalCode[];
  return [
    `Account of ${count(entries.length)} order lines`,
    '',
    row('done', done),
    ...DEEDS.flatMap((deed) => part(DEED_TEXTS[deed], done.filter(({ outcome }) => outcome.deed === deed))),
    row('refused', refused),
    ...codes.flatMap((code) => part(REFUSALS[code], refused.filter(({ outcome }) => outcome.code === code))),
    row('open', open),
    '',
    `${count(done.length)} done + ${count(refused.length)} refused + ${count(open.length)} open = ${count(entries.length)} lines`,
    `orders: ${[...orders].sort().map(([status, number]) => `${count(number)} ${status}`).join(', ') || 'none'}`,
    '',
    ...list('Refused lines', refused, ({ code, detail }) => detail ?? REFUSALS[code]),
    ...list('Open lines', open, ({ why }) => why),
  ].join('\n'); // biome-ignore format: one row of the account per line
}

const row = (title: string, entries: readonly Entry[]) =>
  `${count(entries.length).padStart(8)}  ${title.padEnd(8)} ${unitsAndMoney(entries)}`;

const part = (title: string, entries: readonly Entry[]) =>
  entries.length === 0 ? [] : [`${count(entries.length).padStart(12)}  ${title} (${unitsAndMoney(entries)})`];

/** Of what the file says: units and pounds that come back or are written off count negative. */
function unitsAndMoney(entries: readonly Entry[]): string {
  const units = entries.reduce((sum, { line }) => sum + line.quantity, 0);
  const pence = entries.reduce((sum, { line }) => sum + line.quantity * line.unitPricePence, 0);
  return `${count(units)} units, ${formatAmount(money(pence, 'GBP'))} GBP`;
}

function list<Kind extends Outcome>(
  title: string,
  entries: readonly { readonly line: OrderLine; readonly outcome: Kind }[],
  why: (outcome: Kind) => string,
): string[] {
  if (entries.length === 0) return [];
  return [
    `${title} (line of the file, invoice, code, units)`,
    ...entries.map(({ line, outcome }) => {
      const place = [line.lineNo, line.invoiceNo.padEnd(8), line.stockCode.padEnd(12), line.quantity];
      return `${String(place[0]).padStart(8)}  ${place[1]} ${place[2]} ${String(place[3]).padStart(6)}  ${why(outcome)}`;
    }),
    '',
  ];
}
