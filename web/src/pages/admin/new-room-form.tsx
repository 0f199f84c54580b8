import { NumberInput, Select, SimpleGrid, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useNavigate } from 'react-router-dom';
import { createRoom, useAdminChange, useTemplates } from '../../api/admin';
import type { RoomType } from '../../api/types';
import { fromLocalInput } from '../../ui/words';
import { roomBody, type NewRoom } from './draft';
import { FormDialog } from './form';
import { choices, TYPES } from './words';

const BLANK: NewRoom = { name: '', room_type: 'group', template: '', scheduled_start: '', duration_minutes: 60 };

export function NewRoomForm({ onClose }: { onClose(): void }) {
  const navigate = useNavigate();
  const [draft, setDraft] = useState(BLANK);
  const saving = useAdminChange(() => createRoom(roomBody(draft, fromLocalInput(draft.scheduled_start))));
  const change = (part: Partial<NewRoom>) => setDraft((was) => ({ ...was, ...part }));
  return (
    <FormDialog
      title="New room"
      save="Create"
      busy={saving.isPending}
      error={saving.error}
      onSave={() => saving.mutate(undefined, { onSuccess: (room) => navigate(`/admin/rooms/${room.id}`) })}
      onClose={onClose}
    >
      <TextInput
        label="Name"
        required
        maxLength={200}
        data-autofocus
        placeholder="Algebra I"
        value={draft.name}
        onChange={(event) => change({ name: event.target.value })}
        data-testid="name"
      />
      <Kind draft={draft} change={change} />
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
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
      </SimpleGrid>
    </FormDialog>
  );
}

function Kind({ draft, change }: { draft: NewRoom; change(part: Partial<NewRoom>): void }) {
  const list = useTemplates();
  const fitting = list.data?.results.filter((template) => template.room_type === draft.room_type) ?? [];
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }}>
      <Select
        label="Type"
        description={TYPES[draft.room_type].hint}
        allowDeselect={false}
        data={choices(TYPES)}
        value={draft.room_type}
        onChange={(value) => value && change({ room_type: value as RoomType, template: '' })}
        data-testid="room_type"
      />
      <Select
        label="Template"
        description="What the room is like"
        allowDeselect={false}
        data={[{ value: '', label: 'The one in use' }, ...fitting.map(({ id, name }) => ({ value: String(id), label: name }))]}
        value={draft.template}
        onChange={(value) => change({ template: value ?? '' })}
        data-testid="template"
      />
    </SimpleGrid>
  );
}
