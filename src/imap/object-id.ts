/** EMAILID (RFC 8474 §5.1): the same for all copies of a content, and for no other. */
export const emailId = (contentId: number): string => `M${contentId}`;
