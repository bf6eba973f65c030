import { readFileSync } from 'node:fs';
import { Pool } from 'undici';
import { projectFile } from '../../platform/paths.ts';

/** What became of one request. */
export interface Outcome {
  readonly status: number;
  /** Null where there was none. */
  readonly data: Record<string, unknown> | null;
  /** Codes of the answer's errors. */
  readonly codes: readonly string[];
  readonly millis: number;
}

/** A shop that asks a gateway, over as many connections as it likes. */
export class ShopClient {
  readonly #pool: Pool;
  readonly #key: string;
  readonly #documents = new Map<string, string>();

  constructor(url: string, key: string, connections: number) {
    this.#pool = new Pool(url, { connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
    this.#key = key;
  }

  /** @param operation of schema/operations/storefront, or the text of another */
  async ask(operation: string, variables: object): Promise<Outcome> {
    const startedAt = performance.now();
    const answer = await this.#pool.request({
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json', 'x-api-key': this.#key },
      body: JSON.stringify({ query: this.#text(operation), variables }),
    });
    const { data = null, errors = [] } = (await answer.body.json()) as {
      data?: Record<string, unknown> | null;
      errors?: { extensions?: { code?: string } }[];
    };
    const codes = errors.map(({ extensions }) => String(extensions?.code));
    return { status: answer.statusCode, data, codes, millis: performance.now() - startedAt };
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  #text(operation: string): string {
    if (operation.includes('{')) return operation;
    const known = this.#documents.get(operation);
    if (known) return known;
    const text = readFileSync(projectFile('schema', 'operations', 'storefront', `${operation}.graphql`), 'utf8');
    this.#documents.set(operation, text);
    return text;
  }
}
