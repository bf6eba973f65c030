import { z } from 'zod';

/** Units of an item in an order, a shipment or a return. */
export const quantity = z.int().min(1).max(1_000_000);

/** An opaque id or a business key such as a SKU. */
export const key = z.string().min(1).max(255);
