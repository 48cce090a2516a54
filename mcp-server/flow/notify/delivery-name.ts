/** Name of one message to one receiver, the receivers counted from one. */
export function deliveryName(messageId: string, receiver: number): string {
  return `${messageId} to ${receiver}`;
}
