import { Checkbox, Select, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { createTemplate, updateTemplate, useAdminChange } from '../../api/admin';
import type { RoomType, Template } from '../../api/types';
import { bodyOf, changes, settingsFor, templateDraft, type TemplateDraft } from './draft';
import { FormDialog } from './form';
import { SettingsFields } from './settings-fields';
import { choices, TYPES } from './words';

interface Props {
  template: Template | null;
  templates: Template[];
  onClose(): void;
}

export function TemplateForm({ template, templates, onClose }: Props) {
  const [before] = useState(() => templateDraft(template, templates));
  const [draft, setDraft] = useState(before);
  const saving = useAdminChange(() =>
    template ? updateTemplate(template.id, changes(bodyOf(before), bodyOf(draft))) : createTemplate(bodyOf(draft)),
  );
  const change = (part: Partial<TemplateDraft>) => setDraft((was) => ({ ...was, ...part }));
  const choose = (room_type: RoomType) => change({ room_type, ...(!template && settingsFor(room_type, templates)) });
  return (
    <FormDialog
      title={template ? 'Edit the template' : 'New template'}
      save={template ? 'Save' : 'Create'}
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
        placeholder="Seminar"
        value={draft.name}
        onChange={(event) => change({ name: event.target.value })}
        data-testid="name"
      />
      <Textarea
        label="Description"
        autosize
        minRows={2}
        maxRows={6}
        maxLength={10000}
        value={draft.description}
        onChange={(event) => change({ description: event.target.value })}
      />
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
