import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Cut } from './cut.ts';
import { subgraphFailure } from './subgraph-failure.ts';

export interface JsonAnswerOptions {
  readonly subgraph: string;
  /** Longest answer that is read, in bytes. */
  readonly maxBytes: number;
  /** Ends the request, and with it its connection. */
  readonly cut: Cut;
  readonly resolve: (body: unknown) => void;
  /** Called with a CommerceError, the reason of the cut, or what the connection died of. */
  readonly reject: (error: Error) => void;
}

/** Reads the answer of a subgraph as it comes, without a stream around it, and parses it when it is whole. */
export class JsonAnswer implements Dispatcher.DispatchHandler {
  readonly #options: JsonAnswerOptions;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #status = 0;

  constructor(options: JsonAnswerOptions) {
    this.#options = options;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#options.cut.onCut((reason) => controller.abort(reason));
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.#status = status;
    if (/^application\/(graphql-response\+)?json\b/.test(String(headers['content-type'] ?? ''))) return;
    const code = status >= 500 ? 'SUBGRAPH_UNREACHABLE' : 'SUBGRAPH_BAD_RESPONSE';
    controller.abort(subgraphFailure(code, { subgraph: this.#options.subgraph, status, reason: 'not JSON' }));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { maxBytes } = this.#options;
    this.#bytes += chunk.length;
    if (this.#bytes > maxBytes) controller.abort(this.#badResponse({ reason: 'too long', maxBytes }));
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const [first] = this.#chunks;
    // Most come in one piece.
    const whole = this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks);
    let body: unknown;
    try {
      body = JSON.parse(whole.toString('utf8'));
    } catch {
      this.#options.reject(this.#badResponse({ reason: 'malformed JSON' }));
      return;
    }
    this.#options.resolve(body);
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#options.reject(error);
  }

  #badResponse(details: Readonly<Record<string, string | number>>): Error {
    const { subgraph } = this.#options;
    return subgraphFailure('SUBGRAPH_BAD_RESPONSE', { subgraph, status: this.#status, ...details });
  }
}
