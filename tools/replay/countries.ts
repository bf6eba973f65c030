/** The countries of the source in its words, EIRE included, and their ISO 3166-1 codes. */
const CODES: Readonly<Record<string, string>> = {
  Australia: 'AU',
  Belgium: 'BE',
  EIRE: 'IE',
  France: 'FR',
  Germany: 'DE',
  Italy: 'IT',
  Japan: 'JP',
  Lithuania: 'LT',
  Netherlands: 'NL',
  Norway: 'NO',
  Poland: 'PL',
  Portugal: 'PT',
  Spain: 'ES',
  Switzerland: 'CH',
  'United Kingdom': 'GB',
};

/** ISO 3166-1 alpha-2 code of a country as the source spells it. Null for a name that the source does not use. */
export function countryCodeOf(country: string): string | null {
  return Object.hasOwn(CODES, country) ? (CODES[country] ?? null) : null;
}
