/** Which of the SKUs the catalogue has; null in the place of one that it has not. */
export const VARIANTS = /* GraphQL */ `
  query ReplayCatalogue($skus: [String!]!) { productVariants(skus: $skus) { sku } }`;
/** Our own warehouses. */
export const WAREHOUSES = /* GraphQL */ `
  query ReplayWarehouses { locations(kind: WAREHOUSE) { id code } }`;
/** What the marketplace may sell from one place. */
export const SELLABLE = /* GraphQL */ `
  query ReplayStock($skus: [String!]!, $locationId: ID!) {
    productVariants(skus: $skus) { sku availability(locationId: $locationId) { sellableQuantity } }
  }`;
/** Books units in or out. */
export const ADJUST = /* GraphQL */ `
  mutation ReplayStockBooking($input: InventoryAdjustInput!) {
    inventoryAdjust(input: $input) { userErrors { code message field } }
  }`;
/** A page of the marketplace's orders, newest first. */
export const ORDERS = /* GraphQL */ `
  query ReplayOrders($first: Int!, $after: String, $filter: OrderFilter) {
    orders(first: $first, after: $after, filter: $filter) {
      nodes { id channelOrderId status totals { subtotal { amount currencyCode } } }
      pageInfo { hasNextPage endCursor }
    }
  }`;
/** Places one order. */
export const PLACE = /* GraphQL */ `
  mutation ReplayOrder($input: OrderPlaceInput!) {
    orderPlace(input: $input) { order { id } userErrors { code message field sku availableQuantity } }
  }`;
/** A page of the lines of one order. */
export const LINES = /* GraphQL */ `
  query ReplayOrderLines($id: ID!, $first: Int!, $after: String) {
    order(id: $id) {
      lines(first: $first, after: $after) {
        nodes { id channelLineId sku quantities { ordered } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }`;
/** Cancels units of an order. */
export const CANCEL = /* GraphQL */ `
  mutation ReplayCancellation($orderId: ID!, $input: OrderCancelInput!) {
    orderCancel(orderId: $orderId, input: $input) { userErrors { code message field } }
  }`;
/** Asks to send units back. */
export const REQUEST_RETURN = /* GraphQL */ `
  mutation ReplayReturn($orderId: ID!, $input: ReturnRequestInput!) {
    returnRequest(orderId: $orderId, input: $input) { return { id lines { id } } userErrors { code message field } }
  }`;
/** Permits a return. */
export const AUTHORIZE_RETURN = /* GraphQL */ `
  mutation ReplayReturnPermit($returnId: ID!, $input: ReturnAuthorizeInput!) {
    returnAuthorize(returnId: $returnId, input: $input) { userErrors { code message field } }
  }`;
/** Books the arrival of returned units. */
export const RECEIVE_RETURN = /* GraphQL */ `
  mutation ReplayReturnArrival($returnId: ID!, $input: ReturnReceiveInput!) {
    returnReceive(returnId: $returnId, input: $input) { userErrors { code message field } }
  }`;
