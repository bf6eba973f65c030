/** Select lists that name columns as the model does, so that a row is a model object. */
export const WORK_COLUMNS = `f.id, f.order_id as "orderId", f.channel_code as "channelCode", f.customer_id as "customerId", f.location_id as "locationId",
  f.status, f.request_status as "requestStatus", f.delivery_method as "deliveryMethod", f.service_level as "serviceLevel", f.ship_by as "shipBy",
  f.node_reference as "nodeReference", f.fulfil_at as "fulfilAt", f.revision, f.trace_id as "traceId"`;

export const WORK_LINE_COLUMNS = `l.id, l.fulfillment_order_id as "fulfillmentOrderId", l.order_line_id as "orderLineId", l.sku, l.quantity, l.shipped, l.short`;

export const COMPONENT_COLUMNS = `c.line_ref as "lineRef", c.order_line_id as "orderLineId", c.sku, c.per_unit as "perUnit", c.shipped, c.short`;

export const SHIPMENT_COLUMNS = `s.id, s.fulfillment_order_id as "fulfillmentOrderId", s.order_id as "orderId", s.channel_code as "channelCode",
  s.customer_id as "customerId", s.location_id as "locationId", s.status, s.revision, s.shipped_at as "shippedAt", s.delivered_at as "deliveredAt"`;

export const PACKAGE_COLUMNS = `p.id, p.shipment_id as "shipmentId", p.carrier, p.tracking_number as "trackingNumber", p.sscc, p.status`;

export const PACKAGE_LINE_COLUMNS = `l.package_id as "packageId", l.sku, l.quantity`;

export const TRACKING_EVENT_COLUMNS = `t.package_id as "packageId", t.status, t.raw_status as "rawStatus", t.occurred_at as "occurredAt", t.location, t.message`;
