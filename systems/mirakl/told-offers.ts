import type { ImportOutcome } from './client.ts';

/** An offer that was told, and what became of it. */
type Outcome =
  | { readonly item: string; readonly outcome: 'APPLIED' }
  | { readonly item: string; readonly outcome: 'REFUSED' | 'FAILED'; readonly code: string };

/** Pure: what became of each offer of an import: all that its report does not name was applied. */
export function outcomesOf(told: readonly { readonly item: string }[], { refused }: ImportOutcome): Outcome[] {
  return told.map(({ item }) => {
    if (refused === null) return { item, outcome: 'FAILED', code: 'IMPORT_FAILED' };
    const code = refused.get(item);
    return code === undefined ? { item, outcome: 'APPLIED' } : { item, outcome: 'REFUSED', code };
  });
}
