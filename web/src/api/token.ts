/* The bearer token of this browser, and who wants to know when it comes or goes. */
import { useSyncExternalStore } from 'react';

const KEY = 'roomd.token';
const EXPIRED = 'roomd.expired';
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
  localStorage.removeItem(EXPIRED);
  localStorage.setItem(KEY, token);
  listeners.forEach((listener) => listener());
}

export function signOut(): void {
  localStorage.removeItem(KEY);
  listeners.forEach((listener) => listener());
}

/** The server takes the token no more: who is asked to sign in again is told why. */
export function signOutExpired(): void {
  localStorage.setItem(EXPIRED, '1'); // for every tab
  signOut();
}

export const hasExpired = (): boolean => localStorage.getItem(EXPIRED) !== null;

export const useToken = (): string | null => useSyncExternalStore(subscribe, readToken);
