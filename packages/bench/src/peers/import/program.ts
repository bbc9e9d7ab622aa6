/** Imports the packages in its arguments, and reports how long that took. */
const { own, job } = (await import("../../program/arguments.js")).programArguments();

const startedAt = performance.now();
for (const name of own) {
  await import(name);
}
const seconds = (performance.now() - startedAt) / 1000;

const { usageNow } = await import("../../program/usage.js");
console.log(JSON.stringify({ at: "done", usage: usageNow(job), count: 1, seconds }));
