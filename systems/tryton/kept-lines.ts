/** Stream of the journal where adapters keep what documents of ours are about: Tryton's moves name articles, not lines. */
export const LINES = 'stock-lines';

/** Lines of a document, under its reference. */
export interface KeptLines {
  /** Tells whether a key is used for something else. */
  readonly print: string;
  readonly lines: readonly { readonly lineRef: string; readonly sku: string; readonly quantity: number }[];
  /** Our name of the work that the document is a part of; left out where the reference is that name. */
  readonly work?: string;
}
