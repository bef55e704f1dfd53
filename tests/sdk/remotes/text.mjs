/** A text that an encoder, a framer or an escaper would damage first. */
export const TEXT = 'Grüße, 世界 👋 \u2028 \u0000 "quoted" \\ back / \r\n\t end';
