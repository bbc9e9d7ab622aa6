/** In megabytes, per session. The default of 10 refuses streams long before 1,000 of them carry anything large. */
export const maxSessionMemory = 1_000;

/**
 * The window of a session, in bytes, which its streams share. By default it is 64 KiB, that of a single stream.
 */
export const sessionWindow = 8 * 1024 * 1024;
