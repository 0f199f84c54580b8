/* The API lists the oldest first; people look for the newest. */
interface Page<T> {
  count: number;
  results: T[];
}

export function fromTheEnd(count: number, page: number, size: number): { offset: number; limit: number } {
  const end = Math.max(0, count - page * size);
  const offset = Math.max(0, end - size);
  return { offset, limit: end - offset };
}

export async function newestFirst<T>(page: number, size: number, ask: (limit: number, offset: number) => Promise<Page<T>>): Promise<Page<T>> {
  const { count } = await ask(1, 0);
  const { offset, limit } = fromTheEnd(count, page, size);
  if (limit === 0) return { count, results: [] };
  return { count, results: [...(await ask(limit, offset)).results].reverse() };
}

/** All of a list that is not long, page by page. */
export async function whole<T>(size: number, ask: (limit: number, offset: number) => Promise<Page<T>>): Promise<T[]> {
  const all: T[] = [];
  for (;;) {
    const { count, results } = await ask(size, all.length);
    all.push(...results);
    if (all.length >= count || results.length === 0) return all;
  }
}
