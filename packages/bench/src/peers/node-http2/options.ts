/** In megabytes, per session. The default of 10 refuses streams long before 1,000 of them carry anything large. */
export const maxSessionMemory = 1_000;
