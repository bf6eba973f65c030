/** How the warehouse numbers its articles: the seller's item code behind a prefix of its own. */
const PREFIX = 'ART-';

/** `71053` → `ART-71053`. */
export function articleNoOf(itemCode: string): string {
  return PREFIX + itemCode;
}

/** `ART-71053` → `71053`. Null for an article that was not numbered by this rule, such as pallets. */
export function itemCodeOf(articleNo: string): string | null {
  return articleNo.startsWith(PREFIX) && articleNo.length > PREFIX.length ? articleNo.slice(PREFIX.length) : null;
}
