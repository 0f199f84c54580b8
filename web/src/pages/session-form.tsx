import { Group, Stack } from '@mantine/core';
import { createSession, updateSession, useSessionChange } from '../api/queries';
import type { Model, Session } from '../api/types';
import { CountField, DescriptionField, NameField, Switches, TimeFields } from '../ui/fields';
import { FormDialog, useDraft } from '../ui/form';
import { fromLocalInput, toLocalInput } from '../ui/words';

type Draft = Required<Omit<Model<'session_create'>, 'description' | 'scheduled_start'>> & {
  description: string;
  scheduled_start: string;
};

const SWITCHES = [
  ['enable_chat', 'Chat'],
  ['enable_screenshare', 'Students may share their screens'],
  ['waiting_room', 'Waiting room: you let each person in'],
  ['allow_guests', 'Guests may join by code, without an account'],
  ['enable_recording', 'Record from the start (everybody is asked first)'],
] as const;

function draftOf(session: Session | null): Draft {
  return {
    title: session?.title ?? '',
    description: session?.description ?? '',
    scheduled_start: toLocalInput(session?.scheduled_start),
    duration_minutes: session?.duration_minutes ?? 60,
    max_participants: session?.max_participants ?? 50,
    enable_chat: session?.enable_chat ?? true,
    enable_screenshare: session?.enable_screenshare ?? true,
    waiting_room: session?.waiting_room ?? false,
    allow_guests: session?.allow_guests ?? true,
    enable_recording: session?.enable_recording ?? false,
  };
}

const bodyOf = (draft: Draft) => ({
  ...draft,
  title: draft.title.trim(),
  description: draft.description.trim() || null,
  scheduled_start: fromLocalInput(draft.scheduled_start),
});

export function SessionForm({ session, onClose }: { session: Session | null; onClose(): void }) {
  const { draft, change } = useDraft(() => draftOf(session));
  const saving = useSessionChange(() =>
    session ? updateSession(session.id, bodyOf(draft)) : createSession(bodyOf(draft)),
  );
  return (
    <FormDialog
      title={session ? 'Edit the session' : 'New session'}
      save={session ? 'Save' : 'Create'}
      saving={saving}
      onSave={() => saving.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <NameField label="Title" testid="title" example="Algebra I" value={draft.title} onChange={(title) => change({ title })} />
      <DescriptionField value={draft.description} onChange={(description) => change({ description })} />
      <Group grow align="flex-start" preventGrowOverflow={false}>
        <TimeFields draft={draft} change={change} />
        <CountField label="Seats, yours included" most={100} value={draft.max_participants} onChange={(max_participants) => change({ max_participants })} />
      </Group>
      <Stack gap="xs">
        <Switches list={SWITCHES} draft={draft} change={change} />
      </Stack>
    </FormDialog>
  );
}
