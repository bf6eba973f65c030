import { type Limits, type RequestLimits, readLimits } from '../../gateway/guards/limits.ts';
import type { Bucket } from '../../platform/rate-limit/port.ts';

/** The limits of config/limits.yaml with what a test needs otherwise, for every contract. */
export function limitsWith(request: Partial<RequestLimits>, rate: Partial<Bucket> = {}, credentials?: Bucket): Limits {
  const limits = readLimits();
  return {
    of: (contract) => {
      const own = limits.of(contract);
      return { request: { ...own.request, ...request }, rate: { ...own.rate, ...rate } };
    },
    credentials: credentials ?? limits.credentials,
    executions: limits.executions,
  };
}
