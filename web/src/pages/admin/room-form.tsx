import { Select, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { updateRoom, useAdminChange } from '../../api/admin';
import type { Room, RoomType } from '../../api/types';
import { bodyOf, changes, roomDraft, type RoomDraft } from './draft';
import { FormDialog } from './form';
import { SettingsFields } from './settings-fields';
import { choices, TYPES } from './words';

export function RoomForm({ room, onClose }: { room: Room; onClose(): void }) {
  const [before] = useState(() => roomDraft(room));
  const [draft, setDraft] = useState(before);
  const saving = useAdminChange(() => updateRoom(room.id, changes(bodyOf(before), bodyOf(draft))));
  const change = (part: Partial<RoomDraft>) => setDraft((was) => ({ ...was, ...part }));
  return (
    <FormDialog
      title="Edit the room"
      save="Save"
      busy={saving.isPending}
      error={saving.error}
      onSave={() => saving.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <TextInput
        label="Name"
        required
        maxLength={200}
        data-autofocus
        value={draft.name}
        onChange={(event) => change({ name: event.target.value })}
        data-testid="name"
      />
      <Textarea
        label="Description"
        autosize
        minRows={2}
        maxRows={6}
        value={draft.description}
        onChange={(event) => change({ description: event.target.value })}
      />
      <Select
        label="Type"
        description={TYPES[draft.room_type].hint}
        allowDeselect={false}
        data={choices(TYPES)}
        value={draft.room_type}
        onChange={(value) => value && change({ room_type: value as RoomType })}
      />
      <SettingsFields draft={draft} change={change} />
    </FormDialog>
  );
}
