/* What templates and rooms have in common. */
import { Fieldset, NumberInput, Select, SimpleGrid, Stack } from '@mantine/core';
import { CountField, Switches } from '../../ui/fields';
import type { Editing } from '../../ui/form';
import { toMinutes, toSeconds, type Settings } from './draft';
import { AUDIO_CODECS, choices, VIDEO_CODECS } from './words';

const SWITCHES = [
  ['enable_chat', 'Chat'],
  ['enable_screenshare', 'Participants may share their screens'],
  ['waiting_room', 'Waiting room: a host lets each person in'],
  ['allow_guests', 'Guests may join by code, without an account'],
  ['recording_enabled', 'Record from the start (everybody is asked first)'],
  ['sip_enabled', 'Dial-in by phone, where this server has it'],
] as const;

type Props = Editing<Settings>;

export function SettingsFields({ draft, change }: Props) {
  return (
    <>
      <Numbers {...{ draft, change }} />
      <Fieldset legend="In the room">
        <Stack gap="xs">
          <Switches list={SWITCHES} draft={draft} change={change} />
        </Stack>
      </Fieldset>
      <Codecs {...{ draft, change }} />
    </>
  );
}

function Numbers({ draft, change }: Props) {
  return (
    <SimpleGrid cols={{ base: 1, sm: 3 }}>
      <CountField
        label="Seats"
        description="The host's included"
        most={100}
        value={draft.max_participants}
        onChange={(max_participants) => change({ max_participants })}
        testid="max_participants"
      />
      <Minutes label="Closes if nobody comes" value={draft.empty_timeout} onChange={(empty_timeout) => change({ empty_timeout })} />
      <Minutes label="Closes after all have left" value={draft.departure_timeout} onChange={(departure_timeout) => change({ departure_timeout })} />
    </SimpleGrid>
  );
}

function Minutes({ label, value, onChange }: { label: string; value: number; onChange(seconds: number): void }) {
  return (
    <NumberInput
      label={label}
      description="After so many minutes"
      required
      min={0.02}
      max={1440}
      decimalScale={2}
      value={toMinutes(value)}
      onChange={(minutes) => onChange(toSeconds(Number(minutes)))}
    />
  );
}

function Codecs({ draft, change }: Props) {
  return (
    <Fieldset legend="For experts">
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <Select
          label="How pictures are coded"
          description="A wish: not every server can choose"
          allowDeselect={false}
          data={choices(VIDEO_CODECS)}
          value={draft.video_codec}
          onChange={(value) => value && change({ video_codec: value as Settings['video_codec'] })}
        />
        <Select
          label="How sound is coded"
          description="A wish: not every server can choose"
          allowDeselect={false}
          data={choices(AUDIO_CODECS)}
          value={draft.audio_codec}
          onChange={(value) => value && change({ audio_codec: value as Settings['audio_codec'] })}
        />
      </SimpleGrid>
    </Fieldset>
  );
}
