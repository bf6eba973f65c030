import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, systemClock } from '../../platform/clock.ts';
import { CommerceError } from '../../platform/errors.ts';
import type { Authenticate } from '../access/grant.ts';
import type { ClientAddress } from '../guards/client-address.ts';
import { sendJson } from '../http/problem.ts';
import { StreamTickets, TICKET_SECONDS, type TicketCredentials } from './stream-ticket.ts';

const TICKET_PATH = '/graphql/stream-ticket';

export interface TicketDoorOptions {
  readonly authenticate: Authenticate;
  readonly addressOf: ClientAddress;
  readonly clock?: Clock;
}

/** What the HTTP server asks before it authenticates a request. */
export class TicketDoor {
  readonly #authenticate: Authenticate;
  readonly #addressOf: ClientAddress;
  readonly #tickets: StreamTickets;

  constructor({ authenticate, addressOf, clock = systemClock }: TicketDoorOptions) {
    this.#authenticate = authenticate;
    this.#addressOf = addressOf;
    this.#tickets = new StreamTickets(clock);
  }

  /**
   * Answers `POST /graphql/stream-ticket` with a ticket. Of a GET with `?ticket=`, puts the credential behind the ticket
   * into the headers, where everything looks for it; other requests pass untouched.
   *
   * @returns true when the request has been answered
   * @throws CommerceError UNAUTHENTICATED | OVERLOADED
   */
  async handle(request: IncomingMessage, response: ServerResponse, url: URL, traceId: string): Promise<boolean> {
    if (url.pathname === TICKET_PATH && request.method === 'POST') {
      await this.#issue(request, response, traceId);
      return true;
    }
    const ticket = url.searchParams.get('ticket');
    if (ticket !== null && request.method === 'GET') this.#redeem(request, ticket);
    return false;
  }

  async #issue(request: IncomingMessage, response: ServerResponse, traceId: string): Promise<void> {
    await this.#authenticate(request.headers, traceId, this.#addressOf(request));
    const ticket = this.#tickets.issue(credentialsOf(request));
    if (ticket === null) throw new CommerceError('OVERLOADED', 'Too many tickets wait to be used.');
    sendJson(response, 201, { ticket, expiresInSeconds: TICKET_SECONDS });
  }

  #redeem(request: IncomingMessage, ticket: string): void {
    const credentials = this.#tickets.redeem(ticket);
    if (!credentials)
      throw new CommerceError('UNAUTHENTICATED', 'The ticket is unknown, used or expired. Ask for another.');
    Object.assign(request.headers, credentials);
  }
}

function credentialsOf({ headers }: IncomingMessage): TicketCredentials {
  const { 'x-api-key': apiKey, authorization } = headers;
  return {
    ...(typeof apiKey === 'string' ? { 'x-api-key': apiKey } : {}),
    ...(authorization === undefined ? {} : { authorization }),
  };
}
