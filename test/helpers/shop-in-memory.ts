import { PlatformSilent } from '../../tools/replay/api.ts';
import {
  type Adjustment,
  type BackInput,
  OPEN_STATUSES,
  type OrderInput,
  type OrderState,
  type PlacedLine,
  type ReturnState,
  type Shop,
  type UserError,
} from '../../tools/replay/shop.ts';

interface KeptOrder {
  readonly id: string;
  readonly input: OrderInput;
  /** Looks at the open orders until it has arrived. */
  looksLeft: number;
  cancelled: number;
  returned: number;
}

const UNITS_WITHHELD = 2;
const LOOKS = 2;

/** What the replay sees of the platform, with its rules for keys, stock and orders; and ways to make it misbehave. */
export class ShopInMemory implements Shop {
  /** Changes that were really made; a repetition under the same key makes none. */
  effects = 0;
  calls = 0;
  /** The call that fails, before or after the platform did its part. */
  stop: { readonly call: number; readonly moment: 'before' | 'after' } | null = null;
  onPlace: () => void = () => undefined;
  /** Lines of the file that are refused when ordered. */
  readonly refuseLines = new Set<string>();
  readonly refuseOrders = new Set<string>();
  /** Status in which an order ends, by invoice; DELIVERED for the others. */
  readonly endsAs = new Map<string, string>();
  /** Pence by which the orders' sums are wrong. */
  wrongBy = 0;

  readonly #stock: ReadonlyMap<string, Map<string, number>>;
  readonly #quick: ReadonlySet<string>;
  readonly #answers = new Map<string, { readonly input: string; readonly answer: unknown }>();
  readonly #orders: KeptOrder[] = [];

  /** @param quick invoices whose goods a node has before they can be cancelled */
  constructor({ stock, quick }: { stock: Record<string, Record<string, number>>; quick: readonly string[] }) {
    this.#stock = new Map(Object.entries(stock).map(([code, units]) => [code, new Map(Object.entries(units))]));
    this.#quick = new Set(quick);
  }

  stockAt = (code: string) => Object.fromEntries(this.#unitsAt(code));

  /** Others buy all there is, once. */
  sellEverything(): void {
    this.onPlace = () => undefined;
    for (const units of this.#stock.values()) units.clear();
  }

  placed = () =>
    Object.fromEntries(
      this.#orders.map(({ input, cancelled, returned }) => [
        input.channelOrderId,
        {
          customerId: input.customer?.customerId,
          countryCode: input.delivery.address.countryCode,
          lines: input.lines.map((line) => [line.channelLineId, line.sku, line.quantity, line.unitPrice.amount]),
          cancelled,
          returned,
        },
      ]),
    );

  unknownSkus = (skus: readonly string[]) =>
    this.#call(() => new Set(skus.filter((sku) => sku !== '71053' && sku !== '85123A')));

  warehouses = () => this.#call(() => [...this.#stock.keys()].map((code) => ({ id: code, code })));

  sellable = (skus: readonly string[], locationId: string) =>
    this.#call(() => new Map(skus.map((sku) => [sku, this.#sellable(locationId, sku)])));

  adjust = ({ idempotencyKey, ...input }: Adjustment) =>
    this.#once<readonly UserError[]>(`adjust ${idempotencyKey}`, input, () => {
      const units = this.#unitsAt(input.locationId);
      const after = (units.get(input.sku) ?? 0) + input.delta;
      if (after < 0) return [refusal('NEGATIVE_STOCK')];
      units.set(input.sku, after);
      this.effects += 1;
      return [];
    });

  async *orders(statuses?: readonly string[]): AsyncGenerator<OrderState> {
    await this.#call(() => undefined);
    for (const order of this.#orders.toReversed()) {
      if (statuses) order.looksLeft -= 1;
      const status =
        order.looksLeft > 0 ? 'IN_FULFILLMENT' : (this.endsAs.get(order.input.channelOrderId) ?? 'DELIVERED');
      if (statuses && !(OPEN_STATUSES as readonly string[]).includes(status)) continue;
      const pence = order.input.lines.reduce((sum, line) => sum + line.quantity * pennies(line.unitPrice.amount), 0);
      yield { id: order.id, channelOrderId: order.input.channelOrderId, status, subtotalPence: pence + this.wrongBy };
    }
  }

  place = ({ idempotencyKey, ...input }: OrderInput) =>
    this.#once(`place ${idempotencyKey}`, input, () => {
      this.onPlace();
      const first = this.#orders.find((order) => order.input.channelOrderId === input.channelOrderId);
      if (first) return { orderId: first.id, errors: [refusal('DUPLICATE_CHANNEL_ORDER')] };
      if (this.refuseOrders.has(input.channelOrderId)) return { orderId: null, errors: [refusal('INVALID_ADDRESS')] };
      const wrong = input.lines.flatMap((line, index) =>
        this.refuseLines.has(line.channelLineId)
          ? [{ ...refusal('INVALID_QUANTITY'), field: ['input', 'lines', String(index), 'quantity'] }]
          : [],
      );
      const short = this.#short(input);
      if (wrong.length + short.length > 0) return { orderId: null, errors: [...wrong, ...short] };
      for (const { sku, quantity } of input.lines) this.#unitsAt('main').set(sku, this.#units('main', sku) - quantity);
      const order = { id: `order-${input.channelOrderId}`, input: { idempotencyKey, ...input }, looksLeft: LOOKS };
      this.#orders.push({ ...order, cancelled: 0, returned: 0 });
      this.effects += 1;
      return { orderId: order.id, errors: [] };
    });

  lines = (orderId: string) =>
    this.#call((): PlacedLine[] =>
      this.#order(orderId).input.lines.map(({ channelLineId, sku, quantity }) => ({
        id: `${orderId}/${channelLineId}`,
        channelLineId,
        sku,
        ordered: quantity,
      })),
    );

  cancel = ({ idempotencyKey, ...input }: BackInput) =>
    this.#once<readonly UserError[]>(`cancel ${idempotencyKey}`, input, () => {
      const order = this.#order(input.orderId);
      if (this.#quick.has(order.input.channelOrderId)) return [refusal('ILLEGAL_TRANSITION')];
      order.cancelled += input.quantity;
      this.#putBack('main', input);
      return [];
    });

  requestReturn = ({ idempotencyKey, ...input }: BackInput) =>
    this.#once<{ made: ReturnState | null; errors: readonly UserError[] }>(`request ${idempotencyKey}`, input, () => {
      if (this.#order(input.orderId).looksLeft > 0)
        return { made: null, errors: [refusal('QUANTITY_EXCEEDS_DELIVERED')] };
      this.effects += 1;
      return { made: { id: input.orderId, lineId: input.orderLineId }, errors: [] };
    });

  authorizeReturn = (idempotencyKey: string, returnId: string) =>
    this.#once<readonly UserError[]>(`authorize ${idempotencyKey}`, returnId, () => {
      this.effects += 1;
      return [];
    });

  receiveReturn = (
    idempotencyKey: string,
    goods: ReturnState & { readonly quantity: number; readonly locationId: string },
  ) =>
    this.#once<readonly UserError[]>(`receive ${idempotencyKey}`, goods, () => {
      this.#order(goods.id).returned += goods.quantity;
      this.#putBack(goods.locationId, { orderId: goods.id, orderLineId: goods.lineId, quantity: goods.quantity });
      return [];
    });

  #putBack(code: string, { orderId, orderLineId, quantity }: Pick<BackInput, 'orderId' | 'orderLineId' | 'quantity'>) {
    const line = this.#order(orderId).input.lines.find((each) => `${orderId}/${each.channelLineId}` === orderLineId);
    if (!line) throw new Error(`no line ${orderLineId}`);
    this.#unitsAt(code).set(line.sku, this.#units(code, line.sku) + quantity);
    this.effects += 1;
  }

  /** As the platform: one error for each line of an article that is short as a whole. */
  #short(input: Omit<OrderInput, 'idempotencyKey'>): UserError[] {
    return input.lines.flatMap(({ sku }, index) => {
      const wanted = input.lines.reduce((sum, line) => sum + (line.sku === sku ? line.quantity : 0), 0);
      const there = this.#sellable('main', sku);
      const field = ['input', 'lines', String(index), 'quantity'];
      return wanted > there ? [{ ...refusal('OUT_OF_STOCK'), field, sku, availableQuantity: there }] : [];
    });
  }

  #unitsAt(code: string): Map<string, number> {
    const units = this.#stock.get(code);
    if (!units) throw new Error(`no warehouse ${code}`);
    return units;
  }

  #units = (code: string, sku: string) => this.#unitsAt(code).get(sku) ?? 0;
  #sellable = (code: string, sku: string) => Math.max(0, this.#units(code, sku) - UNITS_WITHHELD);

  #order(id: string): KeptOrder {
    const order = this.#orders.find((each) => each.id === id);
    if (!order) throw new Error(`no order ${id}`);
    return order;
  }

  /** An answer is stored under its key, a refusal too; the same key with another input is refused. */
  #once<Answer>(key: string, input: unknown, effect: () => Answer): Promise<Answer> {
    return this.#call(() => {
      const asked = JSON.stringify(input);
      const kept = this.#answers.get(key);
      if (kept && kept.input !== asked) throw new Error(`IDEMPOTENCY_CONFLICT: ${key}`);
      const answer = kept ? (kept.answer as Answer) : effect();
      this.#answers.set(key, { input: asked, answer });
      return answer;
    });
  }

  async #call<Answer>(answer: () => Answer): Promise<Answer> {
    this.calls += 1;
    const stops = this.stop !== null && this.calls >= this.stop.call;
    if (stops && !(this.calls === this.stop?.call && this.stop.moment === 'after')) throw new PlatformSilent('stopped');
    const given = answer();
    if (stops) throw new PlatformSilent('stopped');
    return given;
  }
}

const refusal = (code: string): UserError => ({ code, message: 'not these', field: null });
const pennies = (amount: string) => Math.round(Number(amount) * 100);
