/* The bearer token of this browser, and who wants to know when it comes or goes. */
import { useSyncExternalStore } from 'react';

const KEY = 'roomd.token';
const listeners = new Set<() => void>();

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  window.addEventListener('storage', listener); // signed out in another tab
  return () => {
    listeners.delete(listener);
    window.removeEventListener('storage', listener);
  };
};

export const readToken = (): string | null => localStorage.getItem(KEY);

export function signIn(token: string): void {
  localStorage.setItem(KEY, token);
  listeners.forEach((listener) => listener());
}

export function signOut(): void {
  localStorage.removeItem(KEY);
  listeners.forEach((listener) => listener());
}

export const useToken = (): string | null => useSyncExternalStore(subscribe, readToken);
