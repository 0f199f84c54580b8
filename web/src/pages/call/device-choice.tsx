import { Checkbox, NativeSelect, Stack } from '@mantine/core';
import type { LocalMedia } from '../../call/local-media';
import { LevelMeter } from './level-meter';
import { useStore } from './use-store';

const canChooseSpeaker = 'setSinkId' in HTMLMediaElement.prototype;

const CHOICES = [
  { label: 'Microphone', type: 'audioinput', field: 'micId' },
  { label: 'Camera', type: 'videoinput', field: 'cameraId' },
  { label: 'Speaker', type: 'audiooutput', field: 'speakerId' },
] as const;

export function DeviceChoice({ local }: { local: LocalMedia }) {
  const { devices, preferences, tracks } = useStore(local);
  const options = (type: MediaDeviceKind) => [
    { value: '', label: 'The system’s choice' },
    ...devices
      .filter((device) => device.kind === type && device.deviceId && device.deviceId !== 'default')
      .map((device, i) => ({ value: device.deviceId, label: device.label || `Device ${i + 1}` })),
  ];
  return (
    <Stack gap="sm">
      {CHOICES.filter(({ type }) => type !== 'audiooutput' || canChooseSpeaker).map(({ label, type, field }) => (
        <NativeSelect
          key={field}
          label={label}
          data={options(type)}
          value={preferences[field]}
          onChange={(event) => void local.choose({ [field]: event.target.value })}
          data-testid={field}
        />
      ))}
      <LevelMeter track={tracks.mic} />
      <Checkbox
        label="Original sound, for music"
        description="Switches off noise and echo suppression; use headphones"
        checked={preferences.originalSound}
        onChange={(event) => void local.choose({ originalSound: event.target.checked })}
      />
    </Stack>
  );
}
