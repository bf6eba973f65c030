import { z } from 'zod';

/** Header in which the gateway tells a subgraph, under its signature, for whom a request is made. */
export const CALLER_HEADER = 'x-commerce-caller';

const channelSchema = z.object({
  /** Business key, e.g. WEB. */
  code: z.string(),
  kind: z.enum(['STOREFRONT', 'POINT_OF_SALE', 'MARKETPLACE', 'BUSINESS_TO_BUSINESS', 'SOCIAL']),
  name: z.string(),
  /** The price list that quotes this channel's prices; one list may hold several currencies. */
  priceList: z.string(),
  /** Currency of prices when the request names none. ISO 4217. */
  currencyCode: z.string(),
  /** Units of every SKU withheld from this channel. */
  safetyStock: z.number().int().min(0),
  /** Hours within which the channel expects an order acknowledgement; null when it expects none. */
  acknowledgementHours: z.number().positive().nullable(),
});

const callerSchema = z.object({
  /** Contract that serves the request, e.g. storefront. */
  contract: z.string(),
  /** Who authenticated: id of the API key or of the token's client. Scope of idempotency keys. */
  clientId: z.string(),
  /** The channel the caller sells on. Null for back-office contracts, which see every channel. */
  channel: channelSchema.nullable(),
  /** The customer who is signed in, when the credential names one. */
  customerId: z.string().nullable(),
  scopes: z.array(z.string()),
  /** W3C trace id of the request: 32 hex digits. */
  traceId: z.string(),
});

export type IdempotencyOwner = Pick<Caller, 'clientId'> & Partial<Pick<Caller, 'customerId'>>;

/**
 * Whose idempotency keys a request's keys are: the client's, and within it each customer's own. Two customers of one app
 * may choose the same key, and must not get each other's answers.
 */
export function idempotencyScope({ clientId, customerId = null }: IdempotencyOwner): string {
  return customerId === null ? clientId : JSON.stringify([clientId, customerId]);
}

export type Channel = z.infer<typeof channelSchema>;
export type Caller = z.infer<typeof callerSchema>;

const encoded = new WeakMap<Caller, string>();

/** The value of {@link CALLER_HEADER}. A caller is never changed: the many requests of a plan share one text. */
export function encodeCaller(caller: Caller): string {
  const known = encoded.get(caller);
  if (known !== undefined) return known;
  const fresh = Buffer.from(JSON.stringify(caller)).toString('base64url');
  encoded.set(caller, fresh);
  return fresh;
}

/** @throws Error when the header is missing or not what a gateway of this version sends */
export function decodeCaller(header: string | undefined): Caller {
  if (!header) throw new Error(`${CALLER_HEADER} is missing`);
  return callerSchema.parse(JSON.parse(Buffer.from(header, 'base64url').toString('utf8')));
}

/** What decides who may see an object. */
export interface Ownership {
  readonly channelCode: string;
  readonly customerId: string | null;
  /** Whether the goods are handed over in a store: then the store's till serves the order, whoever sold it. */
  readonly collected: boolean;
}

/** Back-office callers see every channel; a channel sees only its own objects, a signed-in customer only theirs. */
export function maySee(caller: Caller, object: Ownership): boolean {
  const own = caller.channel === null || caller.channel.code === object.channelCode;
  const atTill = caller.channel?.kind === 'POINT_OF_SALE' && object.collected;
  return (own || atTill) && (caller.customerId === null || caller.customerId === object.customerId);
}
