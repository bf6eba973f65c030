import type { FormattedExecutionResult } from 'graphql';

/**
 * The data of an answer that is written already. Stands in `data` where plugins of Apollo Server see an answer, so that it is
 * neither built as objects nor written again; who wants to look into it asks {@link readData}.
 */
export class WrittenData {
  readonly json: string;
  /** What was fetched, when it can stand for the answer (exact-data.ts) and nothing is missing in it; otherwise null. */
  readonly fetched: Readonly<Record<string, unknown>> | null;

  constructor(json: string, fetched: Readonly<Record<string, unknown>> | null) {
    this.json = json;
    this.fetched = fetched;
  }

  toJSON(): unknown {
    return JSON.parse(this.json);
  }
}

type Data = Record<string, unknown> | null | undefined;

/** The data of an answer as objects, whichever way it is there. */
export function readData(data: unknown): Data {
  return data instanceof WrittenData ? (data.toJSON() as Data) : (data as Data);
}

/** The same for a reader of names that the operation has, who does not mind others: what was fetched, if that can stand for it. */
export function fetchedOrRead(data: unknown): Readonly<Record<string, unknown>> | null | undefined {
  return data instanceof WrittenData && data.fetched ? data.fetched : readData(data);
}

/** The text of an answer as a whole. */
export function answerText(answer: FormattedExecutionResult): string {
  const { data, errors, extensions } = answer;
  if (!((data as unknown) instanceof WrittenData)) return JSON.stringify(answer);
  const { json } = data as unknown as WrittenData;
  const before = errors ? `"errors":${JSON.stringify(errors)},` : '';
  const after = extensions ? `,"extensions":${JSON.stringify(extensions)}` : '';
  return `{${before}"data":${json}${after}}`;
}
