import { Select, SimpleGrid } from '@mantine/core';
import { useNavigate } from 'react-router-dom';
import { createRoom, useAdminChange, useTemplates } from '../../api/admin';
import type { RoomType } from '../../api/types';
import { NameField, TimeFields } from '../../ui/fields';
import { FormDialog, useDraft, type Editing } from '../../ui/form';
import { fromLocalInput } from '../../ui/words';
import { roomBody, type NewRoom } from './draft';
import { choices, TYPES } from './words';

const BLANK: NewRoom = { name: '', room_type: 'group', template: '', scheduled_start: '', duration_minutes: 60 };

export function NewRoomForm({ onClose }: { onClose(): void }) {
  const navigate = useNavigate();
  const { draft, change } = useDraft(() => BLANK);
  const saving = useAdminChange(() => createRoom(roomBody(draft, fromLocalInput(draft.scheduled_start))));
  return (
    <FormDialog
      title="New room"
      save="Create"
      saving={saving}
      onSave={() => saving.mutate(undefined, { onSuccess: (room) => navigate(`/admin/rooms/${room.id}`) })}
      onClose={onClose}
    >
      <NameField example="Algebra I" value={draft.name} onChange={(name) => change({ name })} />
      <Kind draft={draft} change={change} />
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TimeFields draft={draft} change={change} />
      </SimpleGrid>
    </FormDialog>
  );
}

function Kind({ draft, change }: Editing<NewRoom>) {
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
