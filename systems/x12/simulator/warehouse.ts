import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { wallClockOf } from '../../sql/values.ts';
import { writeAcknowledgement } from '../acknowledgement.ts';
import { type NewSet, readInterchanges, writeInterchange } from '../interchange.ts';
import { writeInventoryAdvice } from '../inventory-advice.ts';
import { codesOf, type X12Partner } from '../partners.ts';
import { X12Problem } from '../problem.ts';
import { writeShippingAdvice } from '../shipping-advice.ts';
import { readShippingOrder, type ShippingOrder } from '../shipping-order.ts';

/** An order as the 3PL keeps it. */
export interface HeldOrder extends ShippingOrder {
  /** By line number. */
  readonly open: Record<string, number>;
}

/** A package that the 3PL sends. */
export interface SentPackage {
  readonly trackingNumber: string;
  readonly sscc: string | null;
  /** Units by line number. */
  readonly units: Readonly<Record<string, number>>;
}

/** What the 3PL keeps between its runs. */
interface Kept {
  control: number;
  shipments: number;
  read: string[];
  orders: Record<string, HeldOrder>;
  stock: Record<string, number>;
}

const STATE = '.3pl.json';

/**
 * The other end of the folder: reads `out/`, answers each 940 with a 997, and writes into `in/` what its staff do. It keeps its
 * state beside the two, so that it goes on where it was stopped.
 */
export async function openThirdParty(partner: X12Partner, folder: string, now: () => Date = () => new Date()) {
  const [mine, theirs] = [join(folder, 'in'), join(folder, 'out')];
  await mkdir(mine, { recursive: true });
  await mkdir(theirs, { recursive: true });
  const kept: Kept = await readFile(join(folder, STATE), 'utf8').then(
    (text) => JSON.parse(text) as Kept,
    () => ({ control: 0, shipments: 0, read: [], orders: {}, stock: {} }),
  );
  const codes = codesOf(partner);
  const clock = () => {
    const digits = wallClockOf(now(), partner.timeZone).replace(/\D/g, '');
    return { date: digits.slice(0, 8), time: digits.slice(8, 14) };
  };
  const save = () => writeFile(join(folder, STATE), JSON.stringify(kept));

  /** Writes a set as a file of its own. @returns name and text */
  async function send(group: string, set: NewSet): Promise<{ name: string; text: string }> {
    kept.control += 1;
    await save(); // a number is not used twice, whatever happens to the file
    const { ours, theirs: own, usage } = partner.parties;
    const { date, time } = clock();
    const text = writeInterchange({
      senderQualifier: own.qualifier,
      sender: own.id,
      receiverQualifier: ours.qualifier,
      receiver: ours.id,
      control: kept.control,
      usage,
      group,
      sets: [set],
      at: { date, time: time.slice(0, 4) },
    });
    const name = `${set.kind}_${String(kept.control).padStart(9, '0')}.x12`;
    await writeFile(join(mine, `.${name}.part`), text);
    await rename(join(mine, `.${name}.part`), join(mine, name));
    return { name, text };
  }

  async function readOrders(name: string): Promise<void> {
    for (const { groups } of readInterchanges(await readFile(join(theirs, name), 'utf8')))
      for (const group of groups.filter(({ kind }) => kind === 'OW')) {
        const verdicts = group.sets.map((set) => {
          try {
            const order = readShippingOrder(set, codes);
            kept.orders[order.orderNumber] ??= { ...order, open: Object.fromEntries(order.lines.map(({ lineNumber, quantity }) => [lineNumber, quantity])) }; // biome-ignore format: one thought
            return { set, problem: null };
          } catch (error) {
            if (error instanceof X12Problem) return { set, problem: error };
            throw error;
          }
        });
        await send('FA', writeAcknowledgement(group, verdicts));
      }
  }

  return {
    orders: kept.orders,
    stock: kept.stock,

    /** Reads what came since the last look. */
    async look(): Promise<void> {
      const names = (await readdir(theirs)).filter((name) => name.endsWith('.x12') && !name.startsWith('.')).sort();
      for (const name of names.filter((one) => !kept.read.includes(one))) {
        await readOrders(name);
        kept.read.push(name);
        await save();
      }
    },

    /** Sends packages of an order; `isLast`: what is open of the lines in them, or of all when there is no package, does not come. */
    async ship(
      orderNumber: string,
      packages: readonly SentPackage[],
      isLast = false,
    ): Promise<{ name: string; text: string }> {
      const order = kept.orders[orderNumber];
      if (!order) throw new Error(`there is no order ${orderNumber}`);
      kept.shipments += 1;
      const lineOf = (lineNumber: string, shipped: number) => {
        const line = order.lines.find((one) => one.lineNumber === lineNumber);
        if (!line) throw new Error(`there is no line ${lineNumber}`);
        order.open[lineNumber] = (order.open[lineNumber] ?? 0) - shipped;
        kept.stock[line.sku] = Math.max(0, (kept.stock[line.sku] ?? 0) - shipped);
        return { lineNumber, sku: line.sku, shipped, ordered: line.quantity };
      };
      const sent = packages.map(({ units, ...rest }) => ({ ...rest, lines: Object.entries(units).map(([number, shipped]) => lineOf(number, shipped)) })); // biome-ignore format: one thought
      const rest = isLast ? order.lines.filter(({ lineNumber }) => (order.open[lineNumber] ?? 0) > 0 && !packages.some(({ units }) => lineNumber in units)) : []; // biome-ignore format: one thought
      const missing = rest.length === 0 ? [] : [{ sscc: null, trackingNumber: null, lines: rest.map(({ lineNumber }) => lineOf(lineNumber, 0)) }]; // biome-ignore format: one thought
      const status = (lineNumber: string) => (isLast || order.open[lineNumber] === 0 ? 'CC' : 'PR');
      const advice = {
        orderNumber,
        shipmentNumber: `SH${String(kept.shipments).padStart(8, '0')}`,
        carrier: 'UPSN',
        shipped: clock(),
        packages: [...sent, ...missing].map((one) => ({ ...one, lines: one.lines.map((line) => ({ ...line, status: line.shipped === 0 ? 'OS' : status(line.lineNumber) })) })), // biome-ignore format: one thought
      };
      return send('SW', writeShippingAdvice(advice, codes));
    },

    /** Counts everything, or these articles, and tells. */
    count: (only?: readonly string[]) => send('IB', writeInventoryAdvice({ reference: `COUNT${kept.control + 1}`, counted: clock(), items: Object.entries(kept.stock).filter(([sku]) => only?.includes(sku) ?? true).map(([sku, onHand]) => ({ sku, onHand })) }, codes)), // biome-ignore format: one thought
  };
}
