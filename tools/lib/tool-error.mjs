/** Ends a tool with its message as one line on standard error, without a stack trace: a person can act on it. */
export class ToolError extends Error {}
