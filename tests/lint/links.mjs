import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";

const link = /(?:\]\(|src="|href=")([^)"#\s]*)(#[^)"\s]*)?/g;
const heading = /^#+ (.*)$/gm;
const sourcePath = /`((?:bench|cli|http2|ipc)\/[\w./-]+)`/g;

/**
 * Finds the relative links in a Markdown file that lead to no file, or to no heading of a Markdown file.
 *
 * @param {string} file
 * @param {string} text
 * @returns {string[]} a message for each
 */
export function brokenLinks(file, text) {
  return [...withoutCode(text).matchAll(link)].flatMap(([, path = "", anchor]) => {
    if (/^[a-z]+:/.test(path) || (path === "" && anchor === undefined)) {
      return [];
    }
    const target = path === "" ? file : join(dirname(file), path);
    if (!existsSync(target)) {
      return [`${file}: the link to ${path} leads nowhere`];
    }
    if (anchor !== undefined && target.endsWith(".md") && !anchorsOf(target).has(anchor.slice(1))) {
      return [`${file}: ${target} has no heading ${anchor}`];
    }
    return [];
  });
}

/**
 * Finds the paths in backticks that begin in packages/ and where there is no file or folder.
 *
 * @param {string} file
 * @param {string} text
 * @returns {string[]} a message for each
 */
export function missingPaths(file, text) {
  return [...text.matchAll(sourcePath)]
    .map(([, path = ""]) => `packages/${path}`)
    .filter((path) => !existsSync(path))
    .map((path) => `${file}: there is no ${path}`);
}

/**
 * The anchors that GitHub gives the headings of a Markdown file. A heading that occurs again gets a number.
 *
 * @param {string} file
 */
function anchorsOf(file) {
  /** @type {Set<string>} */
  const anchors = new Set();
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const [, title = ""] of withoutCode(readFileSync(file, "utf8")).matchAll(heading)) {
    const anchor = title
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-");
    const count = counts.get(anchor) ?? 0;
    counts.set(anchor, count + 1);
    anchors.add(count === 0 ? anchor : `${anchor}-${count}`);
  }
  return anchors;
}

/**
 * The text without its fenced blocks, in which nothing is a link or a heading.
 *
 * @param {string} text
 */
function withoutCode(text) {
  return text.replace(/^(\s*)```[\s\S]*?^\1```$/gm, "");
}
