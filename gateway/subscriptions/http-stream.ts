import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import { LiveError } from './live-error.ts';
import { LiveMessage } from './live-message.ts';
import type { MessageQueue } from './message-queue.ts';
import type { StreamFormat } from './stream-format.ts';

/** How long a reader that was told it is too slow has to take that last message, in milliseconds. */
const LAST_WORD_MILLIS = 5_000;

/** One HTTP answer that stays open and is written as the messages come. */
export class HttpStream {
  /** Resolves when the client is gone or the answer has ended. */
  readonly closed: Promise<void>;
  readonly #response: ServerResponse;
  readonly #format: StreamFormat;
  readonly #heartbeat: NodeJS.Timeout;

  constructor(request: IncomingMessage, response: ServerResponse, format: StreamFormat) {
    this.#response = response;
    this.#format = format;
    request.socket.setNoDelay(true);
    response.shouldKeepAlive = false; // the connection is this stream's alone: it ends with it, also when the process stops
    response.writeHead(200, {
      'content-type': format.contentType,
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no', // nginx would collect the stream before passing it on
    });
    response.write(format.open);
    this.#heartbeat = setInterval(() => {
      // A slow reader takes the last word for a while: what is written after it would be an error that ends the process.
      if (!response.writableEnded && !response.writableNeedDrain) response.write(format.heartbeat);
    }, format.heartbeatMillis);
    this.closed = new Promise((resolve) => {
      response.once('close', () => {
        clearInterval(this.#heartbeat);
        resolve();
      });
    });
  }

  /** Answers with one result, as a stream that is complete after it. */
  result(result: FormattedExecutionResult): Promise<void> {
    this.#response.end(this.#format.message(new LiveMessage(result, null)) + this.#format.completed);
    return this.closed;
  }

  refuse(errors: readonly GraphQLFormattedError[]): Promise<void> {
    this.#response.end(this.#format.failure(errors) + this.#format.completed);
    return this.closed;
  }

  /** Writes what comes out of a queue until it or the client ends. */
  async follow(queue: MessageQueue): Promise<void> {
    void this.closed.then(() => queue.return());
    try {
      for (let next = await queue.next(); !next.done; next = await queue.next()) {
        if (!this.#response.write(this.#format.message(next.value))) await this.#drained(queue);
      }
      const end = await queue.ended;
      this.#response.end(end.kind === 'interrupted' ? this.#format.interrupted : this.#format.completed);
    } catch (error) {
      if (!(error instanceof LiveError)) throw error;
      void this.refuse(error.errors);
    }
    const overdue = setTimeout(() => this.#response.destroy(), LAST_WORD_MILLIS);
    await this.closed;
    clearTimeout(overdue);
  }

  #drained(queue: MessageQueue): Promise<unknown> {
    const drained = new Promise<void>((resolve) => this.#response.once('drain', resolve));
    return Promise.race([drained, this.closed, queue.ended]);
  }
}
