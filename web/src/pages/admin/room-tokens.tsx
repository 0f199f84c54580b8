/* Links into a room, for one person each: issue, see, revoke. */
import { Badge, Button, Checkbox, Group, Select, SimpleGrid, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { ADMIN_PAGE, issueToken, revokeToken, useAdminChange, useTokens } from '../../api/admin';
import type { Model, Room, RoomToken } from '../../api/types';
import { NameField } from '../../ui/fields';
import { FormDialog, useDraft } from '../../ui/form';
import { PlusIcon } from '../../ui/icons';
import { Problem, Waiting } from '../../ui/parts';
import { formatDateTime } from '../../ui/words';
import { Foot } from './head';
import { ShownOnce } from './once';
import { Part } from './part';
import { RevokeButton } from './revoke';
import { isOpen } from './room-parts';
import { LASTS, standingOf, tokenBody, type Standing, type TokenDraft } from './tokens';
import { choices, ROLES } from './words';

export function RoomTokens({ room }: { room: Room }) {
  const [page, setPage] = useState(0);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<RoomToken | null>(null);
  const list = useTokens(room.id, page);
  const show = (token: RoomToken) => {
    setMaking(false);
    setMade(token);
  };
  return (
    <Part
      title="Personal links"
      side={
        isOpen(room) && (
          <Button size="xs" variant="light" leftSection={<PlusIcon size={14} aria-hidden />} onClick={() => setMaking(true)} data-testid="new-token">
            New link
          </Button>
        )
      }
    >
      <Text size="sm" c="dimmed" mb="xs">
        Each lets one person in, without an account. Revoking one puts out whoever came in with it.
      </Text>
      {list.isPending && <Waiting what="Loading the links" />}
      {list.error && <Problem error={list.error} retry={() => void list.refetch()} />}
      {list.data?.count === 0 && <Text size="sm">No links yet.</Text>}
      <Stack component="ul" gap="sm" className="plain-list">
        {list.data?.results.map((token) => <TokenRow key={token.id} room={room} token={token} />)}
      </Stack>
      <Foot count={list.data?.count ?? 0} size={ADMIN_PAGE} page={page} what="links" onPage={setPage} />
      {making && <TokenForm room={room} onMade={show} onClose={() => setMaking(false)} />}
      {made && <Shown token={made} onClose={() => setMade(null)} />}
    </Part>
  );
}

const STANDINGS: Record<Standing, { word: string; color: string }> = {
  good: { word: 'Valid', color: 'green' },
  revoked: { word: 'Revoked', color: 'red' },
  expired: { word: 'Expired', color: 'gray' },
  used: { word: 'Used up', color: 'gray' },
};

function uses(token: RoomToken): string {
  const done = token.use_count === 0 ? 'not used yet' : token.use_count === 1 ? 'used once' : `used ${token.use_count} times`;
  return token.max_uses == null ? done : `${done} of ${token.max_uses}`;
}

function TokenRow({ room, token }: { room: Room; token: RoomToken }) {
  const standing = standingOf(token);
  const { word, color } = STANDINGS[standing];
  const until = standing === 'revoked' ? `since ${formatDateTime(token.revoked_at!)}` : `until ${formatDateTime(token.expires_at)}`;
  return (
    <li data-testid={`token-${token.id}`} data-standing={standing}>
      <Group justify="space-between" wrap="nowrap">
        <div>
          <Group gap="xs">
            <Text size="sm" fw={600} className="break">
              {token.name || token.identity}
            </Text>
            <Badge color={color} variant="light" size="sm">
              {word}
            </Badge>
          </Group>
          <Text size="sm" c="dimmed">
            {ROLES[token.role].word} · {until} · {uses(token)}
          </Text>
        </div>
        {standing !== 'revoked' && standing !== 'expired' && <RevokeLink room={room} token={token} />}
      </Group>
    </li>
  );
}

function RevokeLink({ room, token }: { room: Room; token: RoomToken }) {
  const name = token.name || token.identity;
  return (
    <RevokeButton what={`the link of ${name}`} question="Revoke this link?" testid={`revoke-${token.id}`} revoke={() => revokeToken(room.id, token.id)}>
      The link of “{name}” lets nobody in any more, and who came in with it is put out at once. This cannot be undone.
    </RevokeButton>
  );
}

const BLANK: TokenDraft = { name: '', role: 'participant', ttl: '3600', once: false };

function TokenForm({ room, onMade, onClose }: { room: Room; onMade(token: RoomToken): void; onClose(): void }) {
  const { draft, change } = useDraft(() => BLANK);
  const saving = useAdminChange(() => issueToken(room.id, tokenBody(draft)));
  return (
    <FormDialog
      title="New link"
      save="Make the link"
      saving={saving}
      onSave={() => saving.mutate(undefined, { onSuccess: onMade })}
      onClose={onClose}
    >
      <NameField label="For whom" description="The name that the others see" example="Grace Hopper" value={draft.name} onChange={(name) => change({ name })} />
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <Select
          label="Comes as"
          description={ROLES[draft.role].hint}
          allowDeselect={false}
          data={choices(ROLES)}
          value={draft.role}
          onChange={(value) => value && change({ role: value as Model<'room_role'> })}
          data-testid="role"
        />
        <Select
          label="Lets in for"
          description="Who is in by then may stay"
          allowDeselect={false}
          data={LASTS}
          value={draft.ttl}
          onChange={(value) => value && change({ ttl: value })}
          data-testid="ttl"
        />
      </SimpleGrid>
      <Checkbox
        label="Only once (coming back after a broken line is not another time)"
        checked={draft.once}
        onChange={(event) => change({ once: event.target.checked })}
        data-testid="once"
      />
    </FormDialog>
  );
}

function Shown({ token, onClose }: { token: RoomToken; onClose(): void }) {
  return (
    <ShownOnce
      title={`The link for ${token.name || token.identity}`}
      warning="Copy the link now and give it to this person only: roomd does not keep it. If it is lost, revoke it and make another."
      secrets={[
        { label: 'Link', value: token.join_url ?? '', testid: 'secret-link' },
        { label: 'Token, for programs', value: token.token ?? '', testid: 'secret-token' },
      ]}
      onClose={onClose}
    />
  );
}
