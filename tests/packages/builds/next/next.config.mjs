export default {
  output: process.env.NEXT_OUTPUT,
  // Only for "standalone": files that the server's folder gets in addition to those that Next.js finds. Paths start
  // here.
  outputFileTracingIncludes: { "/*": ["../node_modules/koffi/**", "../node_modules/@koromix/**"] },
  outputFileTracingRoot: new URL("..", import.meta.url).pathname,
};
