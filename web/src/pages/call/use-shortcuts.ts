import { useEffect } from 'react';
import type { CallEngine } from '../../call/engine';
import type { LocalMedia } from '../../call/local-media';
import { you } from '../../call/state';

/** Single keys, except while somebody types, in a dialog or with Ctrl, Alt or Meta. */
function isMeant(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return false;
  const target = event.target as HTMLElement | null;
  return !target?.closest('input, textarea, select, [contenteditable], [role=dialog], [role=menu]');
}

export const toggleMic = (local: LocalMedia) => void local.setMic(!local.isOn('mic'));
export const toggleCamera = (local: LocalMedia) => void local.setCamera(!local.isOn('camera'));
export const toggleHand = (engine: CallEngine) => engine.setHand(!you(engine.get())?.hand);
export const canShare = () => typeof navigator.mediaDevices?.getDisplayMedia === 'function';

export function toggleShare(engine: CallEngine, local: LocalMedia): void {
  if (local.isOn('screen')) local.stopShare();
  else if (you(engine.get())?.screenshare && canShare()) void local.startShare();
}

export function useShortcuts(engine: CallEngine, local: LocalMedia, help: () => void): void {
  useEffect(() => {
    const speaks = () => you(engine.get())?.role !== 'viewer';
    const deeds: Record<string, () => void> = {
      m: () => speaks() && toggleMic(local),
      c: () => speaks() && toggleCamera(local),
      s: () => speaks() && toggleShare(engine, local),
      h: () => toggleHand(engine),
      '?': help,
    };
    const onKey = (event: KeyboardEvent) => {
      if (isMeant(event)) deeds[event.key.toLowerCase()]?.();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  });
}
