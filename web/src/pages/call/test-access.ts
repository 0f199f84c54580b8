/* window.roomd: what automatic tests and the demo read of a running call. */
import type { CallEngine } from '../../call/engine';
import type { CallState } from '../../call/state';

type Numbers = { framesDecoded: number; packetsReceived: number; bytesReceived: number };

export interface TestAccess {
  engine: CallEngine;
  readonly state: CallState;
  /** By remote connection, then by kind. */
  stats(): Promise<Record<string, Record<string, Numbers>>>;
}

declare global {
  interface Window {
    roomd?: TestAccess;
  }
}

export function expose(engine: CallEngine): () => void {
  window.roomd = {
    engine,
    get state() {
      return engine.get();
    },
    async stats() {
      const found: Record<string, Record<string, Numbers>> = {};
      for (const { connection, kind, ...numbers } of await engine.stats()) (found[connection] ??= {})[kind] = numbers;
      return found;
    },
  };
  return () => delete window.roomd;
}
