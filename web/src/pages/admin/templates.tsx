/* Templates: what new rooms of a type are like. */
import { ActionIcon, Badge, Button, Card, Group, Menu, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { deleteTemplate, updateTemplate, useAdminChange, useTemplates } from '../../api/admin';
import type { RoomType, Template } from '../../api/types';
import { MoreIcon, PlusIcon } from '../../ui/icons';
import { complain, Confirm, Problem, Waiting } from '../../ui/parts';
import { Head } from './head';
import { TemplateForm } from './template-form';
import { TYPES } from './words';

export function TemplatesPage() {
  const list = useTemplates();
  const [editing, setEditing] = useState<Template | 'new' | null>(null);
  const templates = list.data?.results ?? [];
  return (
    <Stack>
      <Head title="Templates">
        <Button leftSection={<PlusIcon size={16} aria-hidden />} onClick={() => setEditing('new')} disabled={!list.data} data-testid="new-template">
          New template
        </Button>
      </Head>
      <Text c="dimmed">A template says what a new room is like. Rooms that were made from it stay as they are when it changes.</Text>
      {list.isPending && <Waiting what="Loading the templates" />}
      {list.error && <Problem error={list.error} retry={() => void list.refetch()} />}
      {list.data &&
        (Object.keys(TYPES) as RoomType[]).map((type) => (
          <OfType key={type} type={type} templates={templates.filter((template) => template.room_type === type)} onEdit={setEditing} />
        ))}
      {editing && <TemplateForm template={editing === 'new' ? null : editing} templates={templates} onClose={() => setEditing(null)} />}
    </Stack>
  );
}

function OfType({ type, templates, onEdit }: { type: RoomType; templates: Template[]; onEdit(template: Template): void }) {
  const { word, hint } = TYPES[type];
  return (
    <section aria-labelledby={`type-${type}`}>
      <Title order={2} size="h4" id={`type-${type}`}>
        {word}
      </Title>
      <Text size="sm" c="dimmed" mb="xs">
        {hint}
      </Text>
      {templates.length === 0 && <Text size="sm">No template: new rooms of this type are as roomd makes them.</Text>}
      <SimpleGrid cols={{ base: 1, md: 2 }} component="ul" className="plain-list">
        {templates.map((template) => (
          <TemplateCard key={template.id} template={template} onEdit={() => onEdit(template)} />
        ))}
      </SimpleGrid>
    </section>
  );
}

function TemplateCard({ template, onEdit }: { template: Template; onEdit(): void }) {
  return (
    <Card withBorder component="li" data-testid={`template-${template.id}`}>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Title order={3} size="h5" className="break" miw={0}>
          {template.name}
        </Title>
        <Group gap={4} wrap="nowrap" style={{ flexShrink: 0 }}>
          {template.is_default && (
            <Badge color="green" variant="light">
              In use
            </Badge>
          )}
          <TemplateMenu template={template} onEdit={onEdit} />
        </Group>
      </Group>
      {template.description && (
        <Text size="sm" c="dimmed" className="break" lineClamp={3}>
          {template.description}
        </Text>
      )}
      <Text size="sm" mt={4}>
        {summary(template)}
      </Text>
    </Card>
  );
}

function summary(template: Template): string {
  const words = [`${template.max_participants} seats`];
  if (template.recording_enabled) words.push('recorded from the start');
  if (template.waiting_room) words.push('waiting room');
  if (!template.allow_guests) words.push('no guests');
  if (!template.enable_chat) words.push('no chat');
  if (!template.enable_screenshare) words.push('no screen sharing');
  if (template.sip_enabled) words.push('dial-in');
  return words.join(' · ');
}

function TemplateMenu({ template, onEdit }: { template: Template; onEdit(): void }) {
  const [asking, setAsking] = useState(false);
  const prefer = useAdminChange((is_default: boolean) => updateTemplate(template.id, { is_default }));
  const removal = useAdminChange(() => deleteTemplate(template.id));
  const close = () => setAsking(false);
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`More for ${template.name}`} data-testid={`more-template-${template.id}`}>
            <MoreIcon size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={onEdit}>Edit</Menu.Item>
          <Menu.Item onClick={() => prefer.mutate(!template.is_default, { onError: complain })}>
            {template.is_default ? 'Use it no longer' : `Use it for new rooms`}
          </Menu.Item>
          <Menu.Item color="red" onClick={() => setAsking(true)}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Confirm
        opened={asking}
        title="Delete this template?"
        confirm="Delete"
        busy={removal.isPending}
        onConfirm={() => removal.mutate(undefined, { onError: complain, onSettled: close })}
        onClose={close}
      >
        “{template.name}” can no longer be chosen. Rooms that were made from it stay as they are.
      </Confirm>
    </>
  );
}
