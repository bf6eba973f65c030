/**
 * What the platform needs of a Vendure that takes its orders: three places for names of ours, the price that was agreed, and a
 * way to say what left. Add it to the configuration of your own Vendure:
 *
 *     const { withCommerce } = require('./extension.cjs');
 *     bootstrap(withCommerce(require('@vendure/core'), config));
 *
 * @param core the package @vendure/core
 * @param config a VendureConfig; what it has of its own stays
 */
exports.withCommerce = (core, config) => ({
  ...config,
  customFields: {
    ...config.customFields,
    Order: [
      ...(config.customFields?.Order ?? []),
      // Unique: of two registrations of an order at once, one is refused.
      { name: 'commerceReference', type: 'string', nullable: true, unique: true, public: false },
    ],
    OrderLine: [
      ...(config.customFields?.OrderLine ?? []),
      // Not public: the shop's API would let a buyer name the price.
      { name: 'commerceLine', type: 'string', nullable: true, public: false },
      { name: 'commercePrice', type: 'int', nullable: true, public: false },
    ],
    Fulfillment: [
      ...(config.customFields?.Fulfillment ?? []),
      { name: 'commerceNotice', type: 'string', nullable: true, unique: true, public: false },
    ],
  },
  orderOptions: {
    ...config.orderOptions,
    orderItemPriceCalculationStrategy: new AgreedPrice(
      config.orderOptions?.orderItemPriceCalculationStrategy ??
        core.defaultConfig.orderOptions.orderItemPriceCalculationStrategy,
    ),
  },
  shippingOptions: {
    ...config.shippingOptions,
    fulfillmentHandlers: [
      ...(config.shippingOptions?.fulfillmentHandlers ?? [core.manualFulfillmentHandler]),
      shippedElsewhere(core),
    ],
  },
});

/** A line that names its price costs that, tax included; all others cost what they would without this. */
class AgreedPrice {
  constructor(otherwise) {
    this.otherwise = otherwise;
  }
  init(injector) {
    return this.otherwise.init?.(injector);
  }
  destroy() {
    return this.otherwise.destroy?.();
  }
  calculateUnitPrice(ctx, variant, fields, order, quantity) {
    const price = fields?.commercePrice;
    if (price === null || price === undefined)
      return this.otherwise.calculateUnitPrice(ctx, variant, fields, order, quantity);
    return { price, priceIncludesTax: true };
  }
}

/** Units that left by somebody else's hands, under the name of the notice that told it. */
const shippedElsewhere = ({ FulfillmentHandler, LanguageCode }) =>
  new FulfillmentHandler({
    code: 'commerce',
    description: [{ languageCode: LanguageCode.en, value: 'Told by the commerce platform' }],
    args: { method: { type: 'string' }, trackingCode: { type: 'string' }, notice: { type: 'string' } },
    createFulfillment: (_ctx, _orders, _lines, { method, trackingCode, notice }) => ({
      method,
      trackingCode,
      customFields: { commerceNotice: notice },
    }),
  });
