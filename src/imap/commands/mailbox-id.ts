/** The name of a mailbox that survives renaming (RFC 8474 §4): never given to another one. */
export const mailboxId = (id: number): string => `F${id}`;
