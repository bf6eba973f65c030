import type { Caller } from '../../platform/caller.ts';
import { policies } from './policies.ts';

/** Alternatives, one of which must hold as a whole. */
export type Alternatives = readonly (readonly string[])[];

/** What one directive asks of the caller. */
export type Rule =
  | { readonly kind: 'authenticated' }
  | { readonly kind: 'requiresScopes'; readonly anyOf: Alternatives }
  | { readonly kind: 'policy'; readonly anyOf: Alternatives };

/** Whether the caller has what the rule asks for. */
export function isMet(rule: Rule, caller: Caller): boolean {
  switch (rule.kind) {
    case 'authenticated':
      return caller.clientId !== '';
    case 'requiresScopes':
      return rule.anyOf.some((all) => all.every((scope) => caller.scopes.includes(scope)));
    case 'policy':
      return rule.anyOf.some((all) => all.every((name) => policies.get(name)?.(caller) ?? false));
  }
}

/** What the caller lacks, in words for the client's developer. Names scopes, which can be asked for, but no policies. */
export function explain(rules: readonly Rule[], caller: Caller): string {
  const missing = rules.find((rule) => !isMet(rule, caller));
  if (missing?.kind !== 'requiresScopes') return 'The credential does not allow this.';
  const scopes = missing.anyOf.map((all) => all.join(' and ')).join(', or ');
  return `The credential does not allow this: it needs the scope ${scopes}.`;
}
