/** The names of the metadata in each direction, and the deadline, of calls `withExtras`. */
export const requestHeader = "x-request-id";
export const answerHeader = "x-answered";
export const timeoutMs = 10_000;
