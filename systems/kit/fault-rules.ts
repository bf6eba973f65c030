import { z } from 'zod';

/**
 * Faults on demand. `value` by kind:
 * - latency: milliseconds before the request is handled
 * - status: HTTP status of the answer (default 503); the request is not handled. 429 carries `retry-after: 1`.
 * - hang: none; the request is accepted, not handled and never answered
 * - garbage: 'html' (default), 'truncated' (the real answer cut in half), 'wrong-types', or a number of junk bytes
 * - reset: none; the connection is cut and the request is not handled
 * - error-body: message; status 200 with an error in the body, the request is not handled
 * - late-success: milliseconds between the effect and the answer; without a value the answer never comes
 * - duplicate: how often each event of a feed page appears (default 2)
 * - reorder: none; a feed page comes in reverse order
 */
export const faultRule = z.strictObject({
  /** Prefix of the path, e.g. `/stock`. Every route when left out. */
  route: z.string().startsWith('/').optional(),
  method: z.enum(['GET', 'POST', 'PUT', 'DELETE']).optional(),
  kind: z.enum(['latency', 'status', 'hang', 'garbage', 'reset', 'error-body', 'late-success', 'duplicate', 'reorder']),
  value: z.union([z.number(), z.string()]).optional(),
  /** How many requests it applies to. Until cleared when left out. */
  times: z.int().min(1).optional(),
});

export type FaultRule = z.input<typeof faultRule>;

export interface FaultBook {
  /** Replaces all rules. */
  set(rules: readonly FaultRule[]): void;
  clear(): void;
  /** Rules not used up yet, with the times that remain. */
  list(): FaultRule[];
  /**
   * The rules that hit this request, in the order they were given, up to and including the first that answers instead
   * of the handler; each counts as used once. So two `status` rules with `times: 1` hit two requests, one each.
   */
  take(method: string, path: string): FaultRule[];
}

/** True when the rule answers (or refuses to answer) in place of the handler. */
export function replacesHandler(rule: FaultRule): boolean {
  switch (rule.kind) {
    case 'status':
    case 'hang':
    case 'reset':
    case 'error-body':
      return true;
    case 'garbage':
      return rule.value !== 'truncated';
    default:
      return false;
  }
}

/** Rules live in memory: a restarted system is a healthy one. */
export function createFaultBook(): FaultBook {
  let rules: FaultRule[] = [];
  return {
    set(next) {
      rules = next.map((rule) => ({ ...faultRule.parse(rule) }) as FaultRule);
    },
    clear() {
      rules = [];
    },
    list: () => rules.map((rule) => ({ ...rule })),
    take(method, path) {
      const hits: FaultRule[] = [];
      for (const rule of rules) {
        if ((rule.method !== undefined && rule.method !== method) || !path.startsWith(rule.route ?? '/')) continue;
        hits.push(rule);
        if (rule.times !== undefined) rule.times -= 1;
        if (replacesHandler(rule)) break;
      }
      rules = rules.filter((rule) => rule.times === undefined || rule.times > 0);
      return hits;
    },
  };
}
