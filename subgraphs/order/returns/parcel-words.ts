/** What the order's timeline says of a return's parcel that got a status, for people: goes on after "The parcel of return R1". */
const WORDS: Readonly<Record<string, string>> = {
  LABEL_CREATED: 'has its label and was not scanned by its carrier yet',
  CARRIER_ACCEPTED: 'is with its carrier',
  IN_TRANSIT: 'is in transit',
  OUT_FOR_DELIVERY: 'is out for delivery',
  DELIVERY_ATTEMPTED: 'could not be delivered: its carrier tried',
  AVAILABLE_FOR_PICKUP: 'waits at its carrier to be fetched',
  DELIVERED: 'is delivered',
  EXCEPTION: 'met with a problem on its way',
  RETURN_TO_SENDER: 'goes back to the buyer',
  LOST: 'is lost',
  CANCELLED: 'is cancelled',
};

/** A status in words. One that is not known is the carrier's secret. */
export const parcelWords = (status: string): string => WORDS[status] ?? 'has news that nobody understands';
