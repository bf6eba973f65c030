/** Fan-out topic: events were committed to the outbox; the relay has work. */
export const OUTBOX_FILLED = 'outbox-filled';

/** Fan-out topic: the log has new events; readers have work. */
export const LOG_GREW = 'log-grew';
