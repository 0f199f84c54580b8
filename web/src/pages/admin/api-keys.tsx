/* Keys by which other programs call this server. */
import { Badge, Button, Card, Checkbox, Group, Radio, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { ADMIN_PAGE, createKey, revokeKey, useAdminChange, useKeys, useUsers } from '../../api/admin';
import type { ApiKey, Model } from '../../api/types';
import { NameField } from '../../ui/fields';
import { FormDialog, useDraft } from '../../ui/form';
import { PlusIcon } from '../../ui/icons';
import { Empty } from '../../ui/parts';
import { formatDateTime } from '../../ui/words';
import { Foot, Head } from './head';
import { keyBody, nameOfUser, scopeWords, SCOPES, type KeyDraft } from './keys';
import { ListFrame, PlainList } from './list-frame';
import { ShownOnce } from './once';
import { RevokeButton } from './revoke';

export function ApiKeysPage() {
  const [page, setPage] = useState(0);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<Model<'key_created'> | null>(null);
  const list = useKeys(page);
  const show = (key: Model<'key_created'>) => {
    setMaking(false);
    setMade(key);
  };
  return (
    <Stack>
      <Head title="API keys">
        <Button leftSection={<PlusIcon size={16} aria-hidden />} onClick={() => setMaking(true)} data-testid="new-key">
          New key
        </Button>
      </Head>
      <Text c="dimmed">Another program, such as your website, calls this server with a key. Give each its own, so that one can be revoked alone.</Text>
      <ListFrame list={list} what="the keys" nothing={list.data?.count === 0}
        empty={<Empty title="No keys yet">Nothing but the pages uses this server. That is fine as long as you need no more.</Empty>}>
        <PlainList>
          {list.data?.results.map((key) => <KeyRow key={key.id} apiKey={key} />)}
        </PlainList>
      </ListFrame>
      <Foot count={list.data?.count ?? 0} size={ADMIN_PAGE} page={page} what="keys" onPage={setPage} />
      {making && <KeyForm onMade={show} onClose={() => setMaking(false)} />}
      {made && (
        <ShownOnce
          title={`The key “${made.name}”`}
          warning="Copy the key now and put it where the program keeps its secrets: roomd keeps only a fingerprint of it. If it is lost, revoke it and make another."
          secrets={[{ label: 'Key', value: made.key, testid: 'secret-key' }]}
          onClose={() => setMade(null)}
        />
      )}
    </Stack>
  );
}

function KeyRow({ apiKey }: { apiKey: ApiKey }) {
  const users = useUsers();
  const owner = users.data?.find((user) => user.id === apiKey.user_id);
  return (
    <Card withBorder component="li" padding="sm" data-testid={`key-${apiKey.id}`}>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <div style={{ minWidth: 0 }}>
          <Group gap="xs">
            <Text fw={600} className="break">
              {apiKey.name}
            </Text>
            <Badge color={apiKey.revoked_at ? 'red' : 'green'} variant="light">
              {apiKey.revoked_at ? 'Revoked' : 'Valid'}
            </Badge>
          </Group>
          <Text size="sm" c="dimmed" className="break">
            {apiKey.prefix}… · made {formatDateTime(apiKey.created_at)}
            {owner && ` · acts for ${nameOfUser(owner)}`}
            {apiKey.revoked_at && ` · revoked ${formatDateTime(apiKey.revoked_at)}`}
          </Text>
          <ul className="plain-list" aria-label={`What ${apiKey.name} may do`}>
            {scopeWords(apiKey.scope).map((words) => (
              <Text key={words} component="li" size="sm">
                {words}
              </Text>
            ))}
          </ul>
        </div>
        {!apiKey.revoked_at && <RevokeKey apiKey={apiKey} />}
      </Group>
    </Card>
  );
}

function RevokeKey({ apiKey }: { apiKey: ApiKey }) {
  return (
    <RevokeButton what={`the key ${apiKey.name}`} question="Revoke this key?" testid={`revoke-key-${apiKey.id}`} revoke={() => revokeKey(apiKey.id)}>
      The program that uses “{apiKey.name}” is refused from now on. This cannot be undone.
    </RevokeButton>
  );
}

const BLANK: KeyDraft = { name: '', everything: false, scopes: [] };

function KeyForm({ onMade, onClose }: { onMade(key: Model<'key_created'>): void; onClose(): void }) {
  const { draft, change } = useDraft(() => BLANK);
  const saving = useAdminChange(() => createKey(keyBody(draft)));
  const none = !draft.everything && draft.scopes.length === 0;
  return (
    <FormDialog
      title="New key"
      save="Make the key"
      blocked={none}
      saving={saving}
      onSave={() => saving.mutate(undefined, { onSuccess: onMade })}
      onClose={onClose}
    >
      <NameField label="What is it for?" example="Our website" value={draft.name} onChange={(name) => change({ name })} />
      <Radio.Group
        label="What may it do?"
        description="It acts for your account. Less is safer."
        value={draft.everything ? 'all' : 'some'}
        onChange={(value) => change({ everything: value === 'all' })}
      >
        <Stack gap="xs" mt="xs">
          <Radio value="some" label="Only this:" data-testid="some" />
          <Checkbox.Group value={draft.scopes} onChange={(scopes) => change({ scopes })} aria-label="Only this">
            <Stack gap="xs" pl="lg">
              {SCOPES.map(({ scope, label }) => (
                <Checkbox key={scope} value={scope} label={label} disabled={draft.everything} data-testid={`scope-${scope}`} />
              ))}
            </Stack>
          </Checkbox.Group>
          <Radio value="all" label="Everything that you may" data-testid="everything" />
        </Stack>
      </Radio.Group>
    </FormDialog>
  );
}
