import { CommerceError } from '../../platform/errors.ts';
import type { RequestLimits } from './limits.ts';

/** A limit as clients read it: its name in config/limits.yaml. */
export type LimitName = Exclude<keyof RequestLimits, 'assumedListSize'> | 'variableDepth';

/** What each limit counts, and what a client can do who exceeds it. */
const ADVICE: Readonly<Record<LimitName, readonly [what: string, advice: string]>> = {
  bodyBytes: ['bytes in the body', 'Send less at once.'],
  documentBytes: ['bytes in the document', 'Send values as variables, and unrelated operations on their own.'],
  variableBytes: ['bytes in the variables', 'Send less at once.'],
  variableDepth: ['levels in the variables', 'No input is that deep.'],
  tokens: ['tokens in the document', 'Split it into several requests.'],
  operations: ['operations in the document', 'Send only the operation that is to be run.'],
  rootFields: ['fields at the root of the operation', 'Split it into several requests.'],
  depth: ['levels of selections', 'Ask for what lies deeper in a second request.'],
  introspectionDepth: ['levels below __schema or __type', 'Ask for the inner types by name.'],
  aliases: ['aliases', 'Ask for a list, or split it into several requests.'],
  aliasesPerField: ['aliases of the same field', 'Ask for a list, or split it into several requests.'],
  directives: ['directives', 'Split it into several requests.'],
  fields: ['fields once the fragments are followed', 'Ask for less, or split it into several requests.'],
  listSize: ['elements in one page', 'Ask for a smaller page and follow the cursor.'],
  listArgument: ['values in one list', 'Send them in several requests.'],
  subscriptionCost: ['points for each message', 'Select less, or ask for the rest when a message arrives.'],
  cost: ['points', 'Ask for smaller pages or fewer fields, or split it into several requests.'],
};

/** @throws CommerceError LIMIT_EXCEEDED */
export function assertLimit(limits: RequestLimits, name: keyof RequestLimits & LimitName, actual: number): void {
  const maximum = limits[name];
  if (actual > maximum) throw limitExceeded(name, maximum, actual);
}

/** @param actual left out when counting stopped at the maximum */
export function limitExceeded(name: LimitName, maximum: number, actual?: number): CommerceError {
  const [what, advice] = ADVICE[name];
  const found = actual === undefined ? `more than ${maximum}` : readable(actual);
  const message = `The request has ${found} ${what}; at most ${maximum} are accepted. ${advice}`;
  const details = { limit: name, maximum, ...(actual === undefined ? {} : { actual: bounded(actual) }) };
  return new CommerceError('LIMIT_EXCEEDED', message, details);
}

/** Nobody can use the exact size of a bomb, and JSON has no number for some. */
function bounded(actual: number): number {
  return Math.min(Math.round(actual * 100) / 100, Number.MAX_SAFE_INTEGER);
}

function readable(actual: number): string {
  return actual > Number.MAX_SAFE_INTEGER ? `more than ${Number.MAX_SAFE_INTEGER}` : String(bounded(actual));
}
