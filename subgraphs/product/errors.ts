/** Why a record of a system of record is set aside, in words for an operator. */
export const REJECTION_REASONS = {
  NO_TITLE: 'it has no name, or one of more than 500 characters',
  NO_SKU: 'it has no SKU that channels could order it by',
  DUPLICATE_SKU: 'another variant on sale has the same SKU',
  GTIN_INVALID: 'its GTIN does not have 8, 12, 13 or 14 digits with a right check digit',
  TEXT_INVALID: 'one of its texts is empty, too long, or holds a null byte',
  PRICE_INVALID: 'its amount is negative or too large',
  CURRENCY_UNKNOWN: 'its currency is not an ISO 4217 code',
  PERIOD_INVALID: 'its validity ends before it begins',
  QUANTITY_INVALID: 'its quantity is not between 1 and 1,000,000',
  TAX_INVALID: 'its tax rate is not between 0 and 100 per cent',
  NO_COMPONENTS: 'it is a bundle of nothing. It is not sold until it has components',
  BUNDLE_OF_ITSELF: 'it is a bundle of itself. It is not sold until that is put right',
  NESTED_BUNDLE: 'it is a bundle of bundles. It is not sold until it names their components itself',
  COMPONENT_QUANTITY_INVALID:
    'a component does not have 1 to 10,000 whole units in it. The bundle is not sold until that is put right',
  DATE_INVALID: 'one of its dates cannot be read',
  NOT_STORABLE: 'the operational store refused it',
  NO_TRANSLATION: 'one of its codes or units has no translation in the mapping of its system',
  UNREADABLE: 'it is not what the system documents',
} as const satisfies Record<string, string>;

export type RejectionReason = keyof typeof REJECTION_REASONS;
