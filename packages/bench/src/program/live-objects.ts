const kept: object[] = [];

/**
 * Keeps so many objects for as long as the process runs, as an application does. It matters where much is allocated outside of V8's heap,
 * as for messages of 64 KiB: V8 collects everything for each 30 MB or so of that while its heap is small, and hardly ever when it is not.
 */
export function keepObjects(count: number): void {
  for (let id = 0; id < count; id++) {
    kept.push({ id, name: `object ${id}` });
  }
}
