import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";

const link = /(?:\]\(|src="|href=")([^)"#\s]*)(#[^)"\s]*)?/g;
const heading = /^#+ (.*)$/gm;
const sourcePath = /`((?:bench|cli|http2|ipc)\/[\w./-]+)`/g;

/** A message for each relative link in a Markdown file that leads to no file, or to no heading of a Markdown file. */
export function brokenLinks(file, text) {
  return [...withoutCode(text).matchAll(link)].flatMap(([, path, anchor]) => {
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

/** A message for each path in backticks, beginning in packages/, where there is no such file or folder. */
export function missingPaths(file, text) {
  return [...text.matchAll(sourcePath)]
    .filter(([, path]) => !existsSync(join("packages", path)))
    .map(([, path]) => `${file}: there is no packages/${path}`);
}

/** The anchors that GitHub gives the headings of a Markdown file: those that repeat get a number. */
function anchorsOf(file) {
  const anchors = new Set();
  const counts = new Map();
  for (const [, title] of withoutCode(readFileSync(file, "utf8")).matchAll(heading)) {
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

/** The text without its fenced blocks, in which nothing is a link or a heading. */
function withoutCode(text) {
  return text.replace(/^(\s*)```[\s\S]*?^\1```$/gm, "");
}
