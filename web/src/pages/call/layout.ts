/* How tiles are laid out: pure numbers, no DOM. */
export const GAP = 8;
const RATIO = 16 / 9;
const MIN_WIDTH = 150;

export interface TileSize {
  width: number;
  height: number;
}

/** The largest size at which `count` tiles of 16:9 fit into the area; below a readable width the area scrolls. */
export function tileSize(count: number, width: number, height: number): TileSize {
  let best = 0;
  for (let columns = 1; columns <= count; columns++) best = Math.max(best, fitted(count, columns, width, height));
  if (best < MIN_WIDTH) best = Math.floor((width - GAP) / 2);
  return { width: Math.floor(best), height: Math.floor(best / RATIO) };
}

function fitted(count: number, columns: number, width: number, height: number): number {
  const rows = Math.ceil(count / columns);
  const tileWidth = (width - GAP * (columns - 1)) / columns;
  const tileHeight = (height - GAP * (rows - 1)) / rows;
  return Math.min(tileWidth, tileHeight * RATIO);
}
