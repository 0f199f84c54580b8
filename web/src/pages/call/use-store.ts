import { useSyncExternalStore } from 'react';
import type { Store } from '../../call/store';

export const useStore = <State extends object>(store: Store<State>): State =>
  useSyncExternalStore(store.subscribe, store.get);
