import type { FormattedExecutionResult } from 'graphql';

type Objects = Readonly<Record<string, unknown>>;
type Data = Record<string, unknown> | null | undefined;

/** What was written once, for all who are given it. */
interface Written {
  readonly json: string;
  readonly fetched: Objects | null;
  isShared?: boolean;
  /** Found when it is asked for. */
  bytes?: Buffer;
  measure?: number;
}

/**
 * The data of an answer that is written already. Stands in `data` where plugins of Apollo Server see an answer, so that it is
 * neither built as objects nor written again; who wants to look into it asks {@link readData}.
 *
 * One for each who is answered, over a text that they may share: he lets go of it when it is sent. What belongs to a request
 * outlives it until old memory is cleaned, and would keep the text of each answer, and all that was fetched for it, as long.
 */
export class WrittenData {
  #written: Written | null;

  private constructor(written: Written) {
    this.#written = written;
  }

  /** @param fetched when it can stand for the answer (exact-data.ts) and nothing is missing in it; otherwise null */
  static of(json: string, fetched: Objects | null): WrittenData {
    return new WrittenData({ json, fetched });
  }

  /** The same for another who is answered. */
  again(): WrittenData {
    this.#own.isShared = true;
    return new WrittenData(this.#own);
  }

  get json(): string {
    return this.#own.json;
  }

  get fetched(): Objects | null {
    return this.#own.fetched;
  }

  /** What is put around the data of an answer, with the data, as UTF-8: made once where several are given the same. */
  bytesWithin(before: string, after: string): readonly Buffer[] {
    const own = this.#own;
    if (!own.isShared) return [Buffer.from(before + own.json + after)];
    own.bytes ??= Buffer.from(own.json);
    return [Buffer.from(before), own.bytes, Buffer.from(after)];
  }

  /** Measures it, once for all who are given the same. */
  measured(measure: () => number): number {
    const own = this.#own;
    own.measure ??= measure();
    return own.measure;
  }

  /** Called when it is sent: nobody asks any more. */
  letGo(): void {
    this.#written = null;
  }

  toJSON(): unknown {
    return JSON.parse(this.json);
  }

  get #own(): Written {
    if (!this.#written) throw new Error('the answer was sent already');
    return this.#written;
  }
}

/** The data of an answer as objects, whichever way it is there. */
export function readData(data: unknown): Data {
  return data instanceof WrittenData ? (data.toJSON() as Data) : (data as Data);
}

/** The same for a reader of names that the operation has, who does not mind others: what was fetched, if that can stand for it. */
export function fetchedOrRead(data: unknown): Objects | null | undefined {
  return data instanceof WrittenData && data.fetched ? data.fetched : readData(data);
}

/** Measures such data, once for all who are given the same answer to the same question. */
export function measuredOnce(data: unknown, measure: (found: unknown) => number): number {
  const find = () => measure(fetchedOrRead(data));
  return data instanceof WrittenData ? data.measured(find) : find();
}

/** Stands for written data in the text of an answer: no JSON has this character. */
const PLACE = '\u0000';

/** The text of an answer, with a mark in the place of data that is written already: {@link answerBytes} puts it there. */
export function answerFrame(answer: FormattedExecutionResult): string {
  const { data, errors, extensions } = answer;
  if (!((data as unknown) instanceof WrittenData)) return JSON.stringify(answer);
  const before = errors ? `"errors":${JSON.stringify(errors)},` : '';
  const after = extensions ? `,"extensions":${JSON.stringify(extensions)}` : '';
  return `{${before}"data":${PLACE}${after}}`;
}

/** A whole answer as it is sent. @param written the data that the mark stands for, if there is one */
export function answerBytes(frame: string, written: WrittenData | undefined): readonly Buffer[] {
  const place = written ? frame.indexOf(PLACE) : -1;
  if (!written || place < 0) return [Buffer.from(frame)];
  return written.bytesWithin(frame.slice(0, place), frame.slice(place + 1));
}

/** The text of an answer as a whole. */
export function answerText(answer: FormattedExecutionResult): string {
  const { data } = answer;
  const written = (data as unknown) instanceof WrittenData ? (data as unknown as WrittenData) : undefined;
  return Buffer.concat(answerBytes(answerFrame(answer), written)).toString();
}
