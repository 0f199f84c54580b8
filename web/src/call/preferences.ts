/* What a person chose last time, kept in this browser. */
export interface Preferences {
  micOn: boolean;
  cameraOn: boolean;
  micId: string;
  cameraId: string;
  speakerId: string;
  /** Music: no echo cancelling, no noise suppression, no gain control. */
  originalSound: boolean;
}

const KEY = 'roomd.devices';

export const defaults: Preferences = {
  micOn: true,
  cameraOn: false,
  micId: '',
  cameraId: '',
  speakerId: '',
  originalSound: false,
};

export function loadPreferences(): Preferences {
  try {
    return { ...defaults, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Preferences>) };
  } catch {
    return defaults;
  }
}

export function savePreferences(preferences: Preferences): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // Private windows may forbid it; then the choice lasts for this visit.
  }
}
