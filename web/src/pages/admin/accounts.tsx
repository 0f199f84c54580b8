/* Who has an account here, what they may do, and whether they may sign in. */
import { ActionIcon, Badge, Button, Card, Group, Menu, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { ADMIN_PAGE, changeUser, useAdminChange, useUsers } from '../../api/admin';
import { useMe } from '../../api/queries';
import type { User } from '../../api/types';
import { MoreIcon, PlusIcon } from '../../ui/icons';
import { complain, Confirm } from '../../ui/parts';
import { AccountForm, NewAccountForm, PasswordForm } from './account-forms';
import { Foot, Head } from './head';
import { findUsers, nameOfUser } from './keys';
import { ListFrame, PlainList } from './list-frame';
import { USER_ROLES } from './words';

export function AccountsPage() {
  const [making, setMaking] = useState(false);
  const [text, setText] = useState('');
  const [page, setPage] = useState(0);
  const list = useUsers();
  const found = findUsers(list.data ?? [], text);
  return (
    <Stack>
      <Head title="Accounts">
        <TextInput
          type="search"
          aria-label="Find an account"
          placeholder="Name or address"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setPage(0);
          }}
          data-testid="find"
        />
        <Button leftSection={<PlusIcon size={16} aria-hidden />} onClick={() => setMaking(true)} data-testid="new-account">
          New account
        </Button>
      </Head>
      <ListFrame list={list} what="the accounts" nothing={list.data !== undefined && found.length === 0} empty={<Text>No account has that in its name or address.</Text>}>
        <PlainList>
          {found.slice(page * ADMIN_PAGE, (page + 1) * ADMIN_PAGE).map((user) => (
            <AccountRow key={user.id} user={user} />
          ))}
        </PlainList>
      </ListFrame>
      <Foot count={found.length} size={ADMIN_PAGE} page={page} what="accounts" onPage={setPage} />
      {making && <NewAccountForm onClose={() => setMaking(false)} />}
    </Stack>
  );
}

function AccountRow({ user }: { user: User }) {
  const { data: me } = useMe();
  return (
    <Card withBorder component="li" padding="sm" data-testid={`account-${user.id}`}>
      <Group justify="space-between" wrap="nowrap">
        <div style={{ minWidth: 0 }}>
          <Group gap="xs">
            <Text fw={600} className="break">
              {nameOfUser(user)}
            </Text>
            {me?.id === user.id && (
              <Text size="sm" c="dimmed">
                (you)
              </Text>
            )}
            {!user.is_active && (
              <Badge color="red" variant="light">
                Off
              </Badge>
            )}
          </Group>
          <Text size="sm" c="dimmed" className="break">
            {user.email} · {user.is_superuser ? USER_ROLES.admin : USER_ROLES[user.role]}
          </Text>
        </div>
        <AccountMenu user={user} />
      </Group>
    </Card>
  );
}

function AccountMenu({ user }: { user: User }) {
  const [doing, setDoing] = useState<'edit' | 'password' | 'off' | null>(null);
  const change = useAdminChange((is_active: boolean) => changeUser(user.id, { is_active }));
  const close = () => setDoing(null);
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`More for ${nameOfUser(user)}`} data-testid={`more-account-${user.id}`}>
            <MoreIcon size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => setDoing('edit')}>Edit</Menu.Item>
          <Menu.Item onClick={() => setDoing('password')}>Set a password</Menu.Item>
          {user.is_active ? (
            <Menu.Item color="red" onClick={() => setDoing('off')}>
              Switch off
            </Menu.Item>
          ) : (
            <Menu.Item onClick={() => change.mutate(true, { onError: complain })}>Switch on</Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      {doing === 'edit' && <AccountForm user={user} onClose={close} />}
      {doing === 'password' && <PasswordForm user={user} onClose={close} />}
      <Confirm
        opened={doing === 'off'}
        title="Switch this account off?"
        confirm="Switch off"
        busy={change.isPending}
        onConfirm={() => change.mutate(false, { onError: complain, onSettled: close })}
        onClose={close}
      >
        {nameOfUser(user)} can no longer sign in, and the keys of this account stop working. Sessions and recordings are kept; you can switch it on again.
      </Confirm>
    </>
  );
}
