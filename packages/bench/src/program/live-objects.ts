const kept: object[] = [];

/**
 * Keeps this many objects alive as long as the process runs, as an application would. They matter if much memory is
 * allocated outside of V8's heap, as for messages of 64 KiB: while its heap is small, V8 collects all of it for about
 * every 30 MB of such memory, and hardly ever when the heap is larger.
 */
export function keepObjects(count: number): void {
  for (let id = 0; id < count; id++) {
    kept.push({ id, name: `object ${id}` });
  }
}
