/** Sent on `window` when this page has put somebody on the list. */
export const joinedEvent = 'headwater:joined'
