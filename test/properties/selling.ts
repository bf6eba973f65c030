import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import {
  at,
  bundleUp,
  commit,
  differences,
  emptyStock,
  hold,
  stockUp,
} from '../../subgraphs/inventory/sample-stock.ts';
import {
  type Act,
  CHANNELS,
  type Channel,
  entries,
  type Line,
  type ModelHold,
  type ModelLine,
  NODES,
  type Node,
  PARTS,
  type Part,
  RECIPES,
  RULES,
  SellingModel,
  SOLD,
  type Sold,
} from './selling-model.ts';

const nodeOf = (locationId: string): Node => NODES.find((node) => at(node) === locationId) as Node;
const pick = <Value>(list: readonly Value[], index: number): Value | undefined => list[index % list.length];

/** Random sales of bundles and their components under the rules of channels, each against the model. @throws Error that says what differs */
export async function runSelling(
  knex: Knex,
  plan: { stock: Record<Part, Record<Node, number>>; acts: readonly Act[] },
) {
  await emptyStock(knex);
  await stockUp(knex, plan.stock);
  await bundleUp(knex, { KIT: RECIPES[0] as Record<string, number> });
  const { cap, waiting, withheld } = RULES;
  await query(
    knex,
    `insert into inventory.channel_rule (channel_code, sku, withheld, cap, backorder, backorder_units)
     values (?, ?, null, ?, null, null), (null, ?, null, null, 'UNITS', ?), (?, ?, ?, null, null, null)`,
    [cap.channel, cap.sku, cap.units, waiting.sku, waiting.units, withheld.channel, withheld.sku, withheld.units],
  );
  await query(
    knex,
    `insert into integration.channel (code, kind, name, price_list, currency_code, safety_stock)
     select code, 'STOREFRONT', code, code, 'GBP', units from unnest(?::text[], ?::int[]) as channel (code, units)
     on conflict (code) do update set safety_stock = excluded.safety_stock`,
    [Object.keys(CHANNELS), Object.values(CHANNELS)],
  );
  const model = new SellingModel();
  for (const part of PARTS) for (const node of NODES) model.onHand.set(`${part}@${node}`, plan.stock[part][node]);
  const shop = new Shop(knex, model);
  const way: string[] = [];
  for (const act of plan.acts) {
    way.push(`${way.length}. ${JSON.stringify(act)}`);
    const found = [...(await shop.do(act)), ...(await shop.differences())];
    if (found.length > 0) throw new Error([...found, 'after', JSON.stringify(plan.stock), ...way].join('\n  '));
  }
}

class Shop {
  #count = 0;
  #sequence = 1;
  #looks = 0;

  readonly knex: Knex;
  readonly model: SellingModel;

  constructor(knex: Knex, model: SellingModel) {
    this.knex = knex;
    this.model = model;
  }

  /** Does it, holds the answer to the model, and brings the model on. @returns what is wrong */
  async do(act: Act): Promise<string[]> {
    const { model } = this;
    switch (act.do) {
      case 'place':
        return this.#place(act.lines, act.channel, act.backorder, null);
      case 'placeHeld': {
        const kept = pick(model.holds.filter((one) => one.alive && one.recipe === model.recipe), act.hold); // biome-ignore format: one thought
        return kept ? this.#place(kept.lines, 'WEB', false, kept) : [];
      }
      case 'hold':
        return this.#hold(act.lines);
      case 'endHold': {
        const kept = pick(model.holds, act.hold);
        if (!kept?.alive) return [];
        await query(this.knex, "select inventory.end_holds(array[?], 'RELEASED')", [kept.id]);
        kept.alive = false;
        return [];
      }
      case 'release':
        return this.#release(pick(model.lines, act.line), act.quantity);
      case 'giveBack':
        return this.#giveBack(pick(model.lines, act.line), act.node, act.loose);
      case 'serve':
        return this.#serve(pick(model.lines.filter((line) => line.waiting > 0), act.line), act.node, act.units); // biome-ignore format: one call
      case 'leave': {
        const line = pick(model.lines, act.line);
        const lot = line?.lots.find((one) => one.node === act.node && one.units > 0);
        if (!line || !lot) return [];
        lot.units -= 1;
        await this.#book(entries(lot.recipe).map(([part, per]) => [part, act.node, -per, line.id]));
        return [];
      }
      case 'count':
        await this.#book([[act.part, act.node, act.units, null]]);
        return [];
      case 'recipe':
        model.recipe = RECIPES[act.number] ?? {};
        await query(this.knex, "select inventory.set_bundle('KIT', ?::text[], ?::int[])", [
          Object.keys(model.recipe),
          Object.values(model.recipe),
        ]);
        return [];
    }
  }

  async #place(
    lines: readonly Line[],
    channel: Channel,
    backorder: boolean,
    kept: ModelHold | null,
  ): Promise<string[]> {
    const { model } = this;
    const expected = model.outcome(lines, channel, backorder);
    const orderId = `o${this.#count++}`;
    const rows = await commit(this.knex, orderId, lines.map(({ sku, quantity }) => [sku, quantity]), {
      channel,
      backorder,
      safetyStock: CHANNELS[channel],
      ...(kept ? { reservation: kept.id } : {}),
    }); // biome-ignore format: one call
    const lineOf = (row: (typeof rows)[number]) => lines[Number(String(row[1]).slice(1)) - 1] as Line;
    if (!kept && expected.short.size > 0) {
      const wanted = lines.filter((line) => expected.short.has(line.sku)).map((line) => `SHORT ${line.sku} ${expected.short.get(line.sku)}`); // biome-ignore format: one thought
      const seen = rows.map((row) => `${row[0]} ${lineOf(row).sku} ${row[4]}`);
      return same('the refusal', seen, wanted);
    }
    if (kept) kept.alive = false;
    const taken = lines.map((line, index): ModelLine => {
      const own = rows.filter((row) => row[0] === 'ALLOCATED' && row[1] === `l${index + 1}`);
      const lots = own.map((row) => ({ node: nodeOf(String(row[2])), recipe: model.recipeOf(line.sku), units: Number(row[3]) })); // biome-ignore format: one thought
      return {
        id: `${orderId}.l${index + 1}`,
        orderId,
        sku: line.sku,
        channel,
        lots,
        waiting: line.quantity - lots.reduce((sum, lot) => sum + lot.units, 0),
      };
    });
    model.lines.push(...taken);
    const found: string[] = [];
    for (const sku of SOLD) {
      const wanted = lines.reduce((sum, line) => sum + (line.sku === sku ? line.quantity : 0), 0);
      const got = taken.filter((line) => line.sku === sku).flatMap((line) => line.lots).reduce((sum, lot) => sum + lot.units, 0); // biome-ignore format: one thought
      found.push(...same(`units of ${sku} taken`, got, kept ? wanted : (expected.taken.get(sku) ?? 0)));
    }
    return found;
  }

  async #hold(lines: readonly Line[]): Promise<string[]> {
    const { model } = this;
    const { short } = model.outcome(lines, 'WEB', false);
    const id = `h${this.#count++}`;
    const rows = await hold(this.knex, id, lines.map(({ sku, quantity }) => [sku, quantity])); // biome-ignore format: one call
    const kinds = new Set(rows.map((row) => row[0]));
    const found = same('the hold', [...kinds], [short.size > 0 ? 'SHORT' : 'HELD']);
    if (short.size > 0 || found.length > 0) return found;
    const kept = await query<{ sku: Part; location_id: string; quantity: number }>(
      this.knex,
      'select sku, location_id, quantity from inventory.reservation_line where reservation_id = ?',
      [id],
    );
    const lots = kept.map((row) => ({ node: nodeOf(row.location_id), recipe: { [row.sku]: 1 }, units: row.quantity }));
    model.holds.push({ id, lines, recipe: model.recipe, lots, alive: true });
    return PARTS.flatMap((part) => {
      const wanted = lines.reduce((sum, line) => sum + line.quantity * (model.recipeOf(line.sku)[part] ?? 0), 0);
      return same(`pieces of ${part} held`, lots.reduce((sum, lot) => sum + lot.units * (lot.recipe[part] ?? 0), 0), wanted); // biome-ignore format: one thought
    });
  }

  async #release(line: ModelLine | undefined, quantity: number): Promise<string[]> {
    if (!line) return [];
    const there = line.lots.reduce((sum, lot) => sum + lot.units, 0);
    const rows = await query<{ location_id: string; quantity: number }>(
      this.knex,
      'select location_id, quantity from inventory.release_order(?, array[?], array[?::int])',
      [line.orderId, line.id, quantity],
    );
    for (const row of rows) this.model.giveBack(line, nodeOf(row.location_id), row.quantity);
    return same('units given back', rows.reduce((sum, row) => sum + row.quantity, 0), Math.min(there, quantity)); // biome-ignore format: one thought
  }

  async #giveBack(line: ModelLine | undefined, from: Node, breaks: boolean): Promise<string[]> {
    const { model } = this;
    const lots = line?.lots.filter((lot) => lot.node === from && lot.units > 0) ?? [];
    const units = lots.reduce((sum, lot) => sum + lot.units, 0);
    if (!line || units === 0) return [];
    const [part] = Object.keys(lots[0]?.recipe ?? {}) as Part[];
    const loose = breaks && line.sku === 'KIT' && lots.length === 1 && part ? [{ lineId: line.id, sku: part, quantity: 1 }] : []; // biome-ignore format: one thought
    const before = model.thereFor(line.channel);
    model.giveBack(line, from, units);
    for (const one of loose) model.loose.set(`${one.sku}@${from}`, 1);
    const others = NODES.filter((node) => node !== from);
    const expected = Math.max(0, Math.min(units, model.whole(line.sku, others), model.mayTake(line, before)));
    const rows = await query<{ location_id: string | null; quantity: number }>(
      this.knex,
      'select location_id, quantity from inventory.reassign_order(?, ?, array[?], array[?::int], ?, ?::jsonb)',
      [`k${this.#count++}`, line.orderId, line.id, units, at(from), JSON.stringify(loose)],
    );
    let moved = 0;
    for (const { location_id, quantity } of rows) {
      if (location_id === null) line.waiting += quantity;
      else {
        moved += quantity;
        line.lots.push({ node: nodeOf(location_id), recipe: model.recipeOf(line.sku), units: quantity });
      }
    }
    const found = [...same('units moved', moved, expected), ...(await this.differences())];
    if (loose.length === 0) return found;
    model.loose.clear();
    await this.#book(loose.map((one) => [one.sku, from, -1, line.id]));
    return found;
  }

  /** A sale that waits gets units of a node, if its channel may have them. */
  async #serve(line: ModelLine | undefined, node: Node, wanted: number): Promise<string[]> {
    if (!line) return [];
    const { model } = this;
    const units = Math.min(wanted, line.waiting);
    const isAllowed = units <= model.whole(line.sku, [node]) && units <= model.mayTake(line, model.thereFor(line.channel));
    const [row] = await query<{ outcome: string }>(
      this.knex,
      'select inventory.move_order(?, ?, array[?], array[?], array[?::int], array[null::text], array[?]) as outcome',
      [`m${this.#count++}`, line.orderId, line.id, line.sku, units, at(node)],
    );
    const found = same(`${units} of ${line.sku} from ${node} for who waits`, row?.outcome, isAllowed ? 'MOVED' : 'REFUSED');
    if (!isAllowed || found.length > 0) return found;
    line.waiting -= units;
    line.lots.push({ node, recipe: model.recipeOf(line.sku), units });
    return [];
  } // biome-ignore format: one thought

  /** The warehouse books pieces in or out; with an order line, as gone for it. */
  async #book(bookings: readonly (readonly [Part, Node, number, string | null])[]): Promise<void> {
    const rows = bookings.map(([sku, node, delta, lineRef]) => {
      const onHand = (this.model.onHand.get(`${sku}@${node}`) ?? 0) + delta;
      this.model.onHand.set(`${sku}@${node}`, onHand);
      this.#sequence += 1;
      const gone =
        lineRef === null ? { kind: 'ADJUSTMENT' } : { kind: 'SALE', reference: 'f', lineRef, issued: -delta };
      return { ...gone, sequence: this.#sequence, positionId: 'p', locationId: at(node), sku, onHand, measuredAt: new Date() }; // biome-ignore format: one thought
    });
    await query(this.knex, 'select * from inventory.apply_source(?::jsonb)', [JSON.stringify(rows)]);
  }

  async differences(): Promise<string[]> {
    const { model, knex } = this;
    // The channels take turns: each is looked at every other time.
    const channel: Channel = this.#looks++ % 2 === 0 ? 'WEB' : 'AMAZON';
    const [positions, waiting, shown, served, unexplained] = await Promise.all([
      query<{ sku: Part; location_id: string; on_hand: number; committed: number; reserved: string }>(
        knex,
        'select sku, location_id, on_hand, committed, reserved from inventory.position order by sku, location_id',
      ),
      query<{ sku: Sold; units: number }>(
        knex,
        'select sku, sum(quantity)::int as units from inventory.backorder group by sku',
      ),
      query<{ sku: Sold; sellable: number }>(
        knex,
        'select sku, sellable from inventory.availability(?, ?, ?::text[], null, clock_timestamp())',
        [channel, CHANNELS[channel], [...SOLD]],
      ),
      query<{ sku: Sold }>(
        knex,
        'select sku from unnest(?::text[]) as sku where exists (select from inventory.next_waiting(sku, null, null))',
        [[...SOLD]],
      ),
      differences(knex),
    ]);
    const found = positions.flatMap((row) => {
      const node = nodeOf(row.location_id);
      const name = `${row.sku}@${node}`;
      return [
        ...same(`on hand ${name}`, row.on_hand, model.onHand.get(name)),
        ...same(`committed ${name}`, row.committed, model.committed(row.sku, node)),
        ...same(`reserved ${name}`, Number(row.reserved), model.reserved(row.sku, node)),
        ...(row.committed > row.on_hand ? [`${name} promises ${row.committed} of ${row.on_hand}`] : []),
      ];
    });
    for (const sku of SOLD) {
      const now = [waiting.find((row) => row.sku === sku)?.units ?? 0, shown.find((row) => row.sku === sku)?.sellable];
      found.push(...same(`${sku}: waiting, and what ${channel} may sell`, now, [model.waiting(sku), model.sellable(sku, channel)])); // biome-ignore format: one thought
    }
    found.push(...same('what somebody who waits may have', served.map((row) => row.sku), SOLD.filter((sku) => model.isServable(sku)))); // biome-ignore format: one thought
    return unexplained.length > 0 ? [...found, `the ledger does not explain ${JSON.stringify(unexplained)}`] : found;
  }
}

function same(what: string, seen: unknown, wanted: unknown): string[] {
  const [is, should] = [JSON.stringify(seen), JSON.stringify(wanted)];
  return is === should ? [] : [`${what}: ${is}, not ${should}`];
}
