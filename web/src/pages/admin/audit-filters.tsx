/* Which entries of the audit log are shown. */
import { Button, Select, SimpleGrid, TextInput } from '@mantine/core';
import { saveAudit, type AuditActor, type AuditFilter } from '../../api/audit';
import type { User } from '../../api/types';
import { DownloadIcon } from '../../ui/icons';
import { complain } from '../../ui/parts';
import { useMutation } from '@tanstack/react-query';
import { ACTORS, SUBJECTS } from './audit-words';
import { nameOfUser } from './keys';

interface Props {
  filter: AuditFilter;
  users: User[];
  change(part: Partial<AuditFilter>): void;
}

const everything = (label: string, words: Record<string, string>) => [{ value: '', label }, ...Object.entries(words).map(([value, word]) => ({ value, label: word }))];

export function AuditFilters({ filter, users, change }: Props) {
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} component="form" onSubmit={(event) => event.preventDefault()} role="search" aria-label="Which entries">
      <Select label="Who" searchable allowDeselect={false} data={[{ value: '', label: 'Everybody' }, ...users.map((user) => ({ value: String(user.id), label: `${nameOfUser(user)} (${user.id})` }))]}
        value={filter.user ?? ''} onChange={(user) => change({ user: user || null })} data-testid="audit-user" />
      <Select label="As what" allowDeselect={false} data={everything('Anything', ACTORS)} value={filter.actor ?? ''}
        onChange={(actor) => change({ actor: (actor || null) as AuditActor | null })} data-testid="audit-actor" />
      <TextInput label="Did what" description="The first letters, such as v1_session_" value={filter.action} onChange={(event) => change({ action: event.target.value })} data-testid="audit-action"
        inputWrapperOrder={['label', 'input', 'description', 'error']} />
      <Select label="To what" allowDeselect={false} data={everything('Anything', SUBJECTS)} value={filter.subject ?? ''}
        onChange={(subject) => change({ subject: subject || null, subject_id: subject ? filter.subject_id : '' })} data-testid="audit-subject" />
      <TextInput label="Its number or name" disabled={!filter.subject} value={filter.subject_id} onChange={(event) => change({ subject_id: event.target.value })} data-testid="audit-subject-id" />
      <SimpleGrid cols={2} spacing="xs">
        <TextInput type="date" label="From" value={filter.from} onChange={(event) => change({ from: event.target.value })} data-testid="audit-from" />
        <TextInput type="date" label="To" description={undefined} value={filter.to} onChange={(event) => change({ to: event.target.value })} data-testid="audit-to" />
      </SimpleGrid>
    </SimpleGrid>
  );
}

export function SaveCsv({ filter }: { filter: AuditFilter }) {
  const saving = useMutation({ mutationFn: () => saveAudit(filter), onError: complain });
  return (
    <Button variant="light" leftSection={<DownloadIcon size={16} aria-hidden />} loading={saving.isPending} onClick={() => saving.mutate()} data-testid="audit-csv">
      Download as CSV
    </Button>
  );
}
