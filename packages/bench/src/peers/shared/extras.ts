/** What a call has on top in a job `withExtras`: metadata there and back, and a deadline. */
export const requestHeader = "x-request-id";
export const answerHeader = "x-answered";
export const timeoutMs = 10_000;
