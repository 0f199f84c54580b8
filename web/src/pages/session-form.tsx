import { Button, Checkbox, Group, Modal, NumberInput, Stack, Textarea, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { createSession, updateSession, useSessionChange } from '../api/queries';
import type { Model, Session } from '../api/types';
import { Problem } from '../ui/parts';
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
  const [draft, setDraft] = useState(() => draftOf(session));
  const saving = useSessionChange(() =>
    session ? updateSession(session.id, bodyOf(draft)) : createSession(bodyOf(draft)),
  );
  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate(undefined, { onSuccess: onClose });
  };
  return (
    <Modal opened onClose={onClose} title={session ? 'Edit the session' : 'New session'} size="lg">
      <form onSubmit={submit}>
        <Stack>
          <Fields draft={draft} change={change} />
          <Stack gap="xs">
            {SWITCHES.map(([field, label]) => (
              <Checkbox
                key={field}
                label={label}
                checked={draft[field]}
                onChange={(event) => change({ [field]: event.target.checked })}
                data-testid={field}
              />
            ))}
          </Stack>
          {saving.error && <Problem title="Could not save" error={saving.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={saving.isPending} data-testid="save">
              {session ? 'Save' : 'Create'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Fields({ draft, change }: { draft: Draft; change(part: Partial<Draft>): void }) {
  return (
    <>
      <TextInput
        label="Title"
        required
        maxLength={200}
        data-autofocus
        placeholder="Algebra I"
        value={draft.title}
        onChange={(event) => change({ title: event.target.value })}
        data-testid="title"
      />
      <Textarea
        label="Description"
        autosize
        minRows={2}
        maxRows={6}
        value={draft.description}
        onChange={(event) => change({ description: event.target.value })}
      />
      <Group grow align="flex-start" preventGrowOverflow={false}>
        <TextInput
          label="Starts"
          type="datetime-local"
          value={draft.scheduled_start}
          onChange={(event) => change({ scheduled_start: event.target.value })}
        />
        <NumberInput
          label="Length in minutes"
          required
          min={1}
          max={1440}
          allowDecimal={false}
          value={draft.duration_minutes}
          onChange={(value) => change({ duration_minutes: Number(value) })}
        />
        <NumberInput
          label="Seats, yours included"
          required
          min={1}
          max={100}
          allowDecimal={false}
          value={draft.max_participants}
          onChange={(value) => change({ max_participants: Number(value) })}
        />
      </Group>
    </>
  );
}
