/** GS1 check digit: weights 3, 1, 3, … from the right. */
export function gs1CheckDigit(digits: string): number {
  let sum = 0;
  for (const [index, digit] of [...digits].reverse().entries()) sum += Number(digit) * (index % 2 === 0 ? 3 : 1);
  return (10 - (sum % 10)) % 10;
}

/**
 * GTIN-13 of a SKU of five digits and up to two letters: prefix 200 (GS1's range for numbers used inside one company,
 * so that ours can never be another maker's), the digits, the letters as a four-digit number, the check digit.
 */
export function gtinOfSku(sku: string): string {
  const letters = [...sku.slice(5)].reduce((number, letter) => number * 27 + letter.charCodeAt(0) - 64, 0);
  const body = `200${sku.slice(0, 5)}${String(letters).padStart(4, '0')}`;
  return body + gs1CheckDigit(body);
}
