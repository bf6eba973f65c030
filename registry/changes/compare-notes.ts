import type { SchemaChange } from './change.ts';

interface Noted {
  readonly description?: string | null | undefined;
  readonly deprecationReason?: string | null | undefined;
}

/** What is said about an element, as opposed to what it is. */
export function* compareNotes(before: Noted, after: Noted, coordinate: string): Generator<SchemaChange> {
  const was = before.deprecationReason ?? undefined;
  const is = after.deprecationReason ?? undefined;
  if (is !== undefined && was !== is)
    yield { kind: 'DEPRECATED', coordinate, message: `${coordinate} is deprecated: ${is}`, detail: is };
  if (was !== undefined && is === undefined)
    yield { kind: 'DEPRECATION_WITHDRAWN', coordinate, message: `${coordinate} is no longer deprecated.`, detail: '' };
  if ((before.description ?? '') !== (after.description ?? ''))
    yield {
      kind: 'DESCRIPTION_CHANGED',
      coordinate,
      message: `${coordinate} is described in other words.`,
      detail: '',
    };
}
