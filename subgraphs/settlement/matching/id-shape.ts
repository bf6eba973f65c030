/** The form of an order id: runs of digits and of letters, with what stands between. 112-4567-89 → 9-9-9, PO 77 → A 9. */
export function shapeOf(id: string): string {
  return id
    .replaceAll(/\p{L}+/gu, 'A')
    .replaceAll(/\p{N}+/gu, '9')
    .slice(0, 64);
}
