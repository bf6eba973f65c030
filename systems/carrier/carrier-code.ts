/** The code under which this carrier's parcels and scans go. */
export const CARRIER_CODE = 'NORTHLINE';
