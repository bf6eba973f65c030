import type { Placement } from './orders.ts';
import { done, type Outcome, type Outcomes, open, refused, refusedBy } from './outcomes.ts';
import type { GiveBack } from './plan.ts';
import { count, type Progress } from './progress.ts';
import type { Purchase } from './purchases.ts';
import type { BackInput, Shop } from './shop.ts';

/** Units of one purchase that come back, as far as that has come. */
export interface Piece {
  readonly giveBack: GiveBack;
  /** The order line. Null when the purchase itself was refused. */
  readonly back: BackInput | null;
  readonly outcome: Outcome | 'RETURN_WHEN_DELIVERED';
}

/** Where the goods are sent back to. */
export interface Destination {
  readonly locationId: string;
}

/** Asks to cancel the units of a credit line. What a node works on already is to be returned after delivery. */
export async function cancelUnits(
  shop: Shop,
  giveBack: GiveBack,
  placementOf: (purchase: Purchase) => Promise<Placement>,
): Promise<Piece[]> {
  const pieces: Piece[] = [];
  for (const purchase of giveBack.purchases) {
    const back = await orderLineOf(shop, giveBack, purchase, await placementOf(purchase));
    pieces.push({
      giveBack,
      back,
      outcome: back === null ? refused('PURCHASE_REFUSED') : await cancelOrKeep(shop, back),
    });
  }
  return pieces;
}

async function cancelOrKeep(shop: Shop, back: BackInput): Promise<Piece['outcome']> {
  const errors = await shop.cancel({ ...back, idempotencyKey: `replay:cancel:${back.idempotencyKey}` });
  if (errors.length === 0) return done('CANCELLED');
  const onItsWay = errors.every(({ code }) => code === 'ILLEGAL_TRANSITION' || code === 'ALREADY_SHIPPED');
  return onItsWay ? 'RETURN_WHEN_DELIVERED' : refusedBy(errors);
}

async function orderLineOf(
  shop: Shop,
  { line }: GiveBack,
  { lineNo, quantity }: Purchase,
  { orderId, sales }: Placement,
): Promise<BackInput | null> {
  if (orderId === null || !sales.some((sale) => sale.line.lineNo === lineNo)) return null;
  const found = (await shop.lines(orderId)).find(({ channelLineId }) => channelLineId === String(lineNo));
  return found
    ? {
        idempotencyKey: `${line.lineNo}:${lineNo}`,
        orderId,
        orderLineId: found.id,
        quantity,
        note: `credit invoice ${line.invoiceNo}`,
      }
    : null;
}

/** Requests, permits and receives the return of units whose order was delivered. */
async function returnUnits(
  shop: Shop,
  piece: Piece,
  { locationId }: Destination,
  undelivered: ReadonlyMap<string, string>,
): Promise<Piece> {
  const { back, outcome } = piece;
  if (back === null || outcome !== 'RETURN_WHEN_DELIVERED') return piece;
  const status = undelivered.get(back.orderId);
  if (status !== undefined) return { ...piece, outcome: open(`the goods to return are not delivered yet: ${status}`) };
  const key = (step: string) => `replay:return-${step}:${back.idempotencyKey}`;
  const { made, errors } = await shop.requestReturn({ ...back, idempotencyKey: key('request') });
  if (!made) return { ...piece, outcome: refusedBy(errors) };
  const notPermitted = await shop.authorizeReturn(key('permit'), made.id);
  if (notPermitted.length > 0) return { ...piece, outcome: refusedBy(notPermitted) };
  const notReceived = await shop.receiveReturn(key('arrival'), { ...made, quantity: back.quantity, locationId });
  return { ...piece, outcome: notReceived.length > 0 ? refusedBy(notReceived) : done('RETURNED') };
}

/** The outcome of a credit line from those of its pieces: open before refused before returned before cancelled. */
function settleGiveBack(outcomes: Outcomes, giveBack: GiveBack, pieces: readonly Piece[]): void {
  const all = pieces.map(({ outcome }) => (outcome === 'RETURN_WHEN_DELIVERED' ? open('not returned yet') : outcome));
  const worst =
    all.find(({ kind }) => kind === 'open') ??
    all.find(({ kind }) => kind === 'refused') ??
    all.find((each) => each.kind === 'done' && each.deed === 'RETURNED');
  outcomes.settle(giveBack.line, worst ?? done('CANCELLED'));
}

/** Returns what could not be cancelled any more, and settles every credit line. */
export async function takeBack(
  pieces: ReadonlyMap<GiveBack, readonly Piece[]>,
  undelivered: ReadonlyMap<string, string>,
  outcomes: Outcomes,
  { shop, progress }: { readonly shop: Shop; readonly progress: Progress },
): Promise<void> {
  const stage = progress.stage('Returns', pieces.size, 'lines');
  const [main] = await shop.warehouses();
  for (const [giveBack, own] of pieces) {
    const ended: Piece[] = [];
    for (const piece of own) {
      ended.push(main ? await returnUnits(shop, piece, { locationId: main.id }, undelivered) : piece);
    }
    settleGiveBack(outcomes, giveBack, ended);
    stage.advance(1);
  }
  stage.end(`${count(pieces.size)} lines given back, before they left or after they arrived`);
}
