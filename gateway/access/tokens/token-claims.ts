import { createHash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { z } from 'zod';
import { CommerceError } from '../../../platform/errors.ts';

/** What a token says about its bearer, in our words. */
export interface TokenClaims {
  readonly clientId: string;
  readonly channelCode: string | null;
  readonly customerId: string | null;
  readonly scopes: readonly string[];
  /** Null: those of the channel's kind. */
  readonly contracts: readonly string[] | null;
}

const text = z.string().min(1).max(200);
/** A list, or its items in one text with spaces between, as OAuth writes scopes. */
const list = z.union([
  z.array(text).max(100),
  z
    .string()
    .max(4_000)
    .transform((value) => value.split(' ').filter(Boolean)),
]);

const claimsSchema = z.object({
  channel: text.nullish(),
  customer: text.nullish(),
  scope: list.optional(),
  scopes: list.optional(),
  contract: text.optional(),
  contracts: list.optional(),
  client_id: text.optional(),
  azp: text.optional(),
  sub: text.optional(),
});

/** @throws CommerceError UNAUTHENTICATED when a claim has another form than docs/access.md gives it */
export function readClaims(payload: JWTPayload): TokenClaims {
  const parsed = claimsSchema.safeParse(payload);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new CommerceError('UNAUTHENTICATED', `The token's claim "${String(issue?.path[0])}" is malformed.`);
  }
  const { data } = parsed;
  const clientId = data.client_id ?? data.azp ?? (data.sub === undefined ? null : pseudonym(data.sub));
  if (clientId === null) {
    throw new CommerceError('UNAUTHENTICATED', 'The token names nobody: it needs the claim client_id, azp or sub.');
  }
  return {
    clientId,
    channelCode: data.channel ?? null,
    customerId: data.customer ?? null,
    scopes: [...new Set([...(data.scope ?? []), ...(data.scopes ?? [])])],
    contracts: data.contracts ?? (data.contract === undefined ? null : [data.contract]),
  };
}

/** A subject may be an e-mail address, and a client id stands in audit rows and usage. */
function pseudonym(subject: string): string {
  return `subject-${createHash('sha256').update(subject).digest('hex').slice(0, 16)}`;
}
