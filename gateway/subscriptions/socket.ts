import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { handleProtocols, type Server } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Logger } from '../../platform/logger.ts';
import type { ClientAddress } from '../guards/client-address.ts';
import { withEmptyQuery } from './named-document.ts';
import {
  type Connection,
  createSocketProtocol,
  SERVICE_RESTART,
  type SocketOptions,
  TRY_AGAIN_LATER,
} from './socket-protocol.ts';

/** Longest message a client may send, in bytes. */
const MAX_MESSAGE_BYTES = 1_000_000;
/** Time between pings, in milliseconds. A client that has not answered one when the next is due is gone. */
const PING_MILLIS = 12_000;
/** How long a client has to answer a close, in milliseconds, before the connection is cut. */
const CLOSE_MILLIS = 5_000;

/** Accepts WebSockets and keeps them alive; what is said on them is the protocol's. */
export class SocketTransport {
  readonly #server = new WebSocketServer({ noServer: true, handleProtocols, maxPayload: MAX_MESSAGE_BYTES });
  readonly #protocol: Server<Connection>;
  readonly #logger: Logger;
  readonly #addressOf: ClientAddress;

  constructor(options: SocketOptions & { readonly addressOf: ClientAddress }) {
    this.#protocol = createSocketProtocol(options);
    this.#logger = options.logger;
    this.#addressOf = options.addressOf;
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket, request));
  }

  /** Closes every connection so that clients connect again. Resolves when all are closed. */
  async stop(): Promise<void> {
    const sockets = [...this.#server.clients];
    const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    for (const socket of sockets) close(socket, SERVICE_RESTART, 'Service restart');
    this.#server.close();
    await Promise.all(closed);
  }

  #open(socket: WebSocket, request: IncomingMessage): void {
    const abort = new AbortController();
    const { 'x-api-key': apiKey, authorization } = request.headers;
    const connection: Connection = {
      address: this.#addressOf(request),
      path: new URL(request.url ?? '/', 'http://gateway').pathname,
      headers: {
        ...(apiKey === undefined ? {} : { 'x-api-key': apiKey }),
        ...(authorization === undefined ? {} : { authorization }),
      },
      closed: abort.signal,
      close: (code, reason) => close(socket, code, reason),
      session: null,
    };
    const stopPinging = keepAlive(socket);
    // Without a listener an error of one socket (an oversized message, a reset) would end the process.
    socket.on('error', (error) => this.#logger.debug({ err: { type: error.name } }, 'websocket failed'));
    const closed = this.#protocol.opened(
      {
        protocol: socket.protocol,
        // Resolves when the message is written out: the protocol takes the next one only then, so a client that does
        // not read fills its queue and nothing else.
        send: (data) =>
          new Promise((resolve) => {
            if (socket.readyState === socket.OPEN) socket.send(data, () => resolve());
            else resolve();
          }),
        close: (code, reason) => close(socket, code ?? TRY_AGAIN_LATER, reason ?? ''),
        onMessage: (handle) =>
          socket.on('message', (data) => {
            handle(withEmptyQuery(String(data))).catch((error: unknown) => {
              this.#logger.error(
                { err: { type: error instanceof Error ? error.name : typeof error } },
                'websocket message failed',
              );
              close(socket, TRY_AGAIN_LATER, 'Try again later');
            });
          }),
      },
      connection,
    );
    socket.once('close', (code, reason) => {
      stopPinging();
      abort.abort();
      void closed(code, String(reason));
    });
  }
}

function close(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, reason);
  const overdue = setTimeout(() => socket.terminate(), CLOSE_MILLIS);
  socket.once('close', () => clearTimeout(overdue));
}

/** @returns stops it */
function keepAlive(socket: WebSocket): () => void {
  let answered = true;
  socket.on('pong', () => {
    answered = true;
  });
  const timer = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }, PING_MILLIS);
  return () => clearInterval(timer);
}
