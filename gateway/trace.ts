import { randomText } from '../platform/random-bytes.ts';

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

/** The trace id of a W3C `traceparent` header: 32 hex digits. A new one when the header is absent or malformed. */
export function readTraceId(traceparent: unknown): string {
  const [, traceId, parentId] = (typeof traceparent === 'string' && TRACEPARENT.exec(traceparent)) || [];
  const isValid = traceId !== undefined && !/^0+$/.test(traceId) && !/^0+$/.test(parentId ?? '');
  return isValid && !String(traceparent).startsWith('ff') ? traceId : randomText(16, 'hex');
}

/** The header for a request made on behalf of a trace: same trace, a new span. */
export function createTraceparent(traceId: string): string {
  return `00-${traceId}-${randomText(8, 'hex')}-01`;
}
