/**
 * The memory of a session in megabytes. The default of 10 refuses streams long before 1,000 of them carry large bodies.
 */
export const maxSessionMemory = 1_000;

/** The window of a session in bytes, which its streams share. The default is 64 KiB, as for a single stream. */
export const sessionWindow = 8 * 1024 * 1024;
