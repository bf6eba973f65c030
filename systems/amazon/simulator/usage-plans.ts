import { createPace, type Pace, type Rate } from '../../client-kit/pace.ts';
import type { AmazonOperation } from '../rates.ts';

export interface Request {
  readonly method: string;
  readonly asked: URL;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export function refusal(status: number, code: string): Answer {
  return { status, body: { errors: [{ code, message: `the server says ${code}` }] } };
}

/**
 * Each operation at its own rate, which every answer tells; 429 beyond it.
 * @param rates without one of an operation, it is answered as often as one likes
 * @param now milliseconds since 1970
 */
export function usagePlans(rates: Partial<Record<AmazonOperation, Rate>> | undefined, now: () => number) {
  const paces = new Map<AmazonOperation, Pace>();
  return (operation: AmazonOperation, answered: () => Answer): Answer => {
    const rate = rates?.[operation];
    if (!rate) return answered();
    const pace = paces.get(operation) ?? createPace(rate, now);
    paces.set(operation, pace);
    if (pace.waitMillis() > 0) return refusal(429, 'QuotaExceeded');
    pace.count();
    return { ...answered(), headers: { 'x-amzn-RateLimit-Limit': String(rate.perSecond) } };
  };
}
