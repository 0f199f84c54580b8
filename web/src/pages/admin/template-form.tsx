import { Checkbox, Select } from '@mantine/core';
import { createTemplate, updateTemplate, useAdminChange } from '../../api/admin';
import type { RoomType, Template } from '../../api/types';
import { DescriptionField, NameField } from '../../ui/fields';
import { FormDialog, useDraft } from '../../ui/form';
import { bodyOf, changes, settingsFor, templateDraft } from './draft';
import { SettingsFields } from './settings-fields';
import { choices, TYPES } from './words';

interface Props {
  template: Template | null;
  templates: Template[];
  onClose(): void;
}

export function TemplateForm({ template, templates, onClose }: Props) {
  const { before, draft, change } = useDraft(() => templateDraft(template, templates));
  const saving = useAdminChange(() =>
    template ? updateTemplate(template.id, changes(bodyOf(before), bodyOf(draft))) : createTemplate(bodyOf(draft)),
  );
  const choose = (room_type: RoomType) => change({ room_type, ...(!template && settingsFor(room_type, templates)) });
  return (
    <FormDialog
      title={template ? 'Edit the template' : 'New template'}
      save={template ? 'Save' : 'Create'}
      saving={saving}
      onSave={() => saving.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <NameField example="Seminar" value={draft.name} onChange={(name) => change({ name })} />
      <DescriptionField value={draft.description} onChange={(description) => change({ description })} />
      <Select
        label="For which rooms"
        description={TYPES[draft.room_type].hint}
        allowDeselect={false}
        data={choices(TYPES)}
        value={draft.room_type}
        onChange={(value) => value && choose(value as RoomType)}
        data-testid="room_type"
      />
      <Checkbox
        label="Use it for new rooms of this type, unless another one is chosen"
        checked={draft.is_default}
        onChange={(event) => change({ is_default: event.target.checked })}
        data-testid="is_default"
      />
      <SettingsFields draft={draft} change={change} />
    </FormDialog>
  );
}
