export default {
  output: process.env.NEXT_OUTPUT,
  // Only for "standalone": what the server's folder gets besides what Next.js finds by itself. The paths start here.
  outputFileTracingIncludes: { "/*": ["../node_modules/koffi/**", "../node_modules/@koromix/**"] },
  outputFileTracingRoot: new URL("..", import.meta.url).pathname,
};
