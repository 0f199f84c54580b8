import { Select } from '@mantine/core';
import { updateRoom, useAdminChange } from '../../api/admin';
import type { Room, RoomType } from '../../api/types';
import { DescriptionField, NameField } from '../../ui/fields';
import { FormDialog, useDraft } from '../../ui/form';
import { bodyOf, changes, roomDraft } from './draft';
import { SettingsFields } from './settings-fields';
import { choices, TYPES } from './words';

export function RoomForm({ room, onClose }: { room: Room; onClose(): void }) {
  const { before, draft, change } = useDraft(() => roomDraft(room));
  const saving = useAdminChange(() => updateRoom(room.id, changes(bodyOf(before), bodyOf(draft))));
  return (
    <FormDialog
      title="Edit the room"
      save="Save"
      saving={saving}
      onSave={() => saving.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <NameField value={draft.name} onChange={(name) => change({ name })} />
      <DescriptionField value={draft.description} onChange={(description) => change({ description })} />
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
