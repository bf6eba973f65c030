/** Lines of one item that are told one by one. A request may have a thousand of them. */
const TOLD = 10;

/**
 * Says something of each line whose item is in question. Of more than ten lines of one item the tenth speaks for the rest.
 * @param tell `rest` names the lines of the item of which nothing is said, to be put at the end of a sentence; nearly always empty
 */
export function tellLines<Told>(
  lines: readonly { readonly sku: string }[],
  items: { has(item: string): boolean },
  tell: (item: string, index: number, rest: string) => Told,
): Told[] {
  const lineCounts = new Map<string, number>();
  for (const { sku } of lines) lineCounts.set(sku, (lineCounts.get(sku) ?? 0) + 1);
  const said = new Map<string, number>();
  return lines.flatMap(({ sku }, index) => {
    const count = (said.get(sku) ?? 0) + 1;
    said.set(sku, count);
    if (!items.has(sku) || count > TOLD) return [];
    const more = (lineCounts.get(sku) ?? 0) - count;
    return [tell(sku, index, count === TOLD && more > 0 ? `, for this line and ${more} more of the SKU` : '')];
  });
}
