/** Why a line of the file cannot be replayed, in the order in which the account lists them. */
export const REFUSALS = {
  NOT_GOODS: 'postage, discount, manual entry or bank charge: there is no article to sell or to stock',
  NO_QUANTITY: 'the line has a quantity of zero',
  UNKNOWN_COUNTRY: 'the country has no ISO code, so there is no address to deliver to',
  OTHER_BUYER: 'the line names another customer or country than the rest of its invoice',
  CREDIT_WITHOUT_RETURN: 'a credit invoice whose line returns nothing: its quantity is not negative',
  NO_CUSTOMER: 'returned goods without a customer: the purchase cannot be found',
  NO_EARLIER_PURCHASE: 'returned goods that this customer bought before the file begins',
  MORE_THAN_BOUGHT: 'more units come back than this customer bought in the file',
  NOT_IN_CATALOGUE: 'the catalogue has no such article: the source never names it, so the ERP could not take it in',
  NOT_IN_STOCK: 'the units to write off are in none of our warehouses',
  PURCHASE_REFUSED: 'the line with which the goods were bought was itself refused',
  PLATFORM_REFUSED: 'the platform refused it',
} as const;

/** A reason of {@link REFUSALS}. */
export type RefusalCode = keyof typeof REFUSALS;
