export default {
  test: {
    include: ["*.test.mjs"],
    // Whether the packages are loaded by Node.js, as is vitest's default, or by vitest.
    server: { deps: { inline: process.env.INLINE === undefined ? [] : [/@vyra/] } },
  },
};
