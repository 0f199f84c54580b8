import { PasswordInput, Select, SimpleGrid, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { addUser, changeUser, useAdminChange } from '../../api/admin';
import type { Model, User } from '../../api/types';
import { FormDialog, useDraft } from '../../ui/form';
import { changes } from './draft';
import { nameOfUser } from './keys';
import { choices, USER_ROLES } from './words';

type Role = Model<'user_role'>;

function NameAndRole({ name, role, onName, onRole }: { name: string; role: Role; onName(name: string): void; onRole(role: Role): void }) {
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }}>
      <TextInput label="Name" description="Shown to others" maxLength={200} value={name} onChange={(event) => onName(event.target.value)} data-testid="name" />
      <Select
        label="Role"
        description={role === 'admin' ? 'May do everything on this server' : 'What the account is for'}
        allowDeselect={false}
        data={choices(USER_ROLES)}
        value={role}
        onChange={(value) => value && onRole(value as Role)}
        data-testid="role"
      />
    </SimpleGrid>
  );
}

function NewPassword({ value, onChange }: { value: string; onChange(password: string): void }) {
  return (
    <PasswordInput
      label="Password"
      description="8 to 72 characters"
      minLength={8}
      maxLength={72}
      autoComplete="new-password"
      required
      value={value}
      onChange={(event) => onChange(event.target.value)}
      data-testid="password"
    />
  );
}

export function NewAccountForm({ onClose }: { onClose(): void }) {
  const { draft, change } = useDraft(() => ({ email: '', full_name: '', role: 'teacher' as Role, password: '' }));
  const saving = useAdminChange(() => addUser({ ...draft, email: draft.email.trim(), full_name: draft.full_name.trim() || null }));
  return (
    <FormDialog
      title="New account"
      save="Create"
      saving={saving}
      onSave={() => saving.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <TextInput
        label="Email"
        description="Used to sign in"
        type="email"
        required
        autoComplete="off"
        data-autofocus
        value={draft.email}
        onChange={(event) => change({ email: event.target.value })}
        data-testid="email"
      />
      <NameAndRole name={draft.full_name} role={draft.role} onName={(full_name) => change({ full_name })} onRole={(role) => change({ role })} />
      <NewPassword value={draft.password} onChange={(password) => change({ password })} />
    </FormDialog>
  );
}

export function AccountForm({ user, onClose }: { user: User; onClose(): void }) {
  const before = { full_name: user.full_name ?? null, role: user.is_superuser ? ('admin' as Role) : user.role };
  const { draft, change } = useDraft(() => ({ name: user.full_name ?? '', role: before.role }));
  const saving = useAdminChange(() => changeUser(user.id, changes(before, { full_name: draft.name.trim() || null, role: draft.role })));
  return (
    <FormDialog
      title={`Edit ${nameOfUser(user)}`}
      save="Save"
      saving={saving}
      onSave={() => saving.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <NameAndRole name={draft.name} role={draft.role} onName={(name) => change({ name })} onRole={(role) => change({ role })} />
    </FormDialog>
  );
}

export function PasswordForm({ user, onClose }: { user: User; onClose(): void }) {
  const [password, setPassword] = useState('');
  const saving = useAdminChange(() => changeUser(user.id, { password }));
  const done = () => {
    notifications.show({ color: 'green', message: `${nameOfUser(user)} has a new password.` });
    onClose();
  };
  return (
    <FormDialog
      title={`A new password for ${nameOfUser(user)}`}
      save="Set the password"
      saving={saving}
      onSave={() => saving.mutate(undefined, { onSuccess: done })}
      onClose={onClose}
    >
      <NewPassword value={password} onChange={setPassword} />
    </FormDialog>
  );
}
