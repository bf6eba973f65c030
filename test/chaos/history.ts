import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';

export type Operation = 'orderPlace' | 'orderCancel' | 'orderRecordPayment' | 'reservationHold' | 'reservationRelease';

/** What a client was told, as far as it must stay true. */
export interface Told {
  /** Codes of userErrors; none when it was done. */
  readonly codes: readonly string[];
  readonly orderId: string | null;
  readonly number: string | null;
  readonly reservationId: string | null;
}

/** A line of the history: what the world looked like from outside, in the order in which it was seen. */
export type Entry =
  | {
      readonly type: 'begin';
      readonly seed: number;
      readonly stock: Readonly<Record<string, number>>;
      /** Seconds within which an order that was placed without a payment has to be paid. */
      readonly payWithin: number;
    }
  /** A client sends a request for the first time, or again under the same key. */
  | {
      readonly type: 'invoke';
      readonly at: number;
      readonly client: string;
      readonly operation: Operation;
      readonly key: string;
      readonly gateway: number;
      readonly asked: Asked;
    }
  /** The client knows the outcome. */
  | { readonly type: 'answer'; readonly at: number; readonly client: string; readonly key: string; readonly told: Told }
  /** The client got an error, or none: it knows nothing, and will ask again. */
  | {
      readonly type: 'unknown';
      readonly at: number;
      readonly client: string;
      readonly key: string;
      readonly codes: readonly string[];
    }
  | { readonly type: 'gaveUp'; readonly at: number; readonly client: string; readonly key: string }
  | { readonly type: 'fault'; readonly at: number; readonly what: string };

/** What was asked for, without addresses and names. */
export interface Asked {
  readonly lines?: readonly { readonly sku: string; readonly quantity: number }[];
  readonly orderId?: string;
  readonly reservationId?: string | null;
  readonly cancel?: { readonly line: number; readonly quantity: number } | 'ALL';
  /** Of an order: placed without a payment. */
  readonly unpaid?: boolean;
}

export interface HistoryWriter {
  write(entry: Entry): void;
  close(): Promise<void>;
}

/** A file of one JSON object a line. */
export function writeHistory(file: string): HistoryWriter {
  const stream = createWriteStream(file, { flags: 'w' });
  return {
    write: (entry) => void stream.write(`${JSON.stringify(entry)}\n`),
    close: () => new Promise((resolve) => stream.end(resolve)),
  };
}

export async function readHistory(file: string): Promise<Entry[]> {
  const text = await readFile(file, 'utf8');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Entry]));
}
