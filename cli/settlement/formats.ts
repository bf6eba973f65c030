/** Names of the report formats as the command line says them, and as the settlement domain does. */
export const FORMATS = {
  'amazon-v2': 'AMAZON_SETTLEMENT_V2',
  'walmart-recon': 'WALMART_RECON_V1',
  canonical: 'CANONICAL_CSV',
  'amazon-finances': 'AMAZON_FINANCES_2024',
} as const;

export const FORMAT_NAMES = Object.keys(FORMATS) as (keyof typeof FORMATS)[];
