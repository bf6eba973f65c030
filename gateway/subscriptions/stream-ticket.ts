import { randomBytes } from 'node:crypto';
import type { Clock } from '../../platform/clock.ts';

/** Credential headers that a ticket stands for. */
export type TicketCredentials = Readonly<Partial<Record<'x-api-key' | 'authorization', string>>>;

/** How long a ticket can be used, in seconds: enough to open a stream with it, too short to be worth stealing from a log. */
export const TICKET_SECONDS = 30;

/** Tickets not used yet, per process. More are refused: a ticket is asked for when it is needed. */
const MAX_OPEN = 10_000;

/**
 * Exchanges a credential for a ticket that may stand in a URL. A browser's EventSource cannot set headers, and a
 * credential in a URL would end up in logs, histories and referrers: a ticket there is worthless after its first use.
 *
 * Tickets live in the memory of the process that issued them. Behind a load balancer with several gateways, the two
 * requests must reach the same one (session affinity).
 */
export class StreamTickets {
  readonly #clock: Clock;
  readonly #open = new Map<string, { readonly credentials: TicketCredentials; readonly expiresAt: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns null when too many tickets wait to be used */
  issue(credentials: TicketCredentials): string | null {
    const now = this.#clock.now().getTime();
    for (const [ticket, { expiresAt }] of this.#open) {
      if (expiresAt > now) break; // insertion order is the order of expiry
      this.#open.delete(ticket);
    }
    if (this.#open.size >= MAX_OPEN) return null;
    const ticket = randomBytes(24).toString('base64url');
    this.#open.set(ticket, { credentials, expiresAt: now + TICKET_SECONDS * 1_000 });
    return ticket;
  }

  /** The credential behind a ticket, once. Null when it is unknown, used or expired. */
  redeem(ticket: string): TicketCredentials | null {
    const found = this.#open.get(ticket);
    this.#open.delete(ticket);
    return found && found.expiresAt > this.#clock.now().getTime() ? found.credentials : null;
  }
}
