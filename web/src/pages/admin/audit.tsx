/* Who did what, to what, from where; newest first. */
import { Badge, Button, ScrollArea, Stack, Table, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useUsers } from '../../api/admin';
import { AUDIT_PAGE, useAudit, type AuditEntry, type AuditFilter } from '../../api/audit';
import type { User } from '../../api/types';
import { Empty } from '../../ui/parts';
import { formatDateTime } from '../../ui/words';
import { AuditFilters, SaveCsv } from './audit-filters';
import { actionWords, actorWords, subjectWords } from './audit-words';
import { Foot, Head } from './head';
import { ListFrame } from './list-frame';

const ALL: AuditFilter = { user: null, actor: null, action: '', subject: null, subject_id: '', from: '', to: '' };

export function AuditPage() {
  const [filter, setFilter] = useState(ALL);
  const [wanted] = useDebouncedValue(filter, 300);
  const [page, setPage] = useState(0);
  const list = useAudit(wanted, page);
  const users = useUsers().data ?? [];
  const change = (part: Partial<AuditFilter>) => {
    setFilter({ ...filter, ...part });
    setPage(0);
  };
  return (
    <Stack>
      <Head title="Audit log">
        <SaveCsv filter={wanted} />
      </Head>
      <Text c="dimmed">Every change that somebody asked for, by these pages, a program, in a call or on the server’s command line; and sign-ins, exports, downloads.</Text>
      <AuditFilters filter={filter} users={users} change={change} />
      <ListFrame list={list} what="the log" nothing={list.data?.total === 0} empty={<Empty title="Nothing of the kind">No entry fits. Take a filter away to see more.</Empty>}>
        <Entries entries={list.data?.entries ?? []} users={users} />
      </ListFrame>
      <Foot count={list.data?.total ?? 0} size={AUDIT_PAGE} page={page} what="entries" onPage={setPage} />
    </Stack>
  );
}

function Entries({ entries, users }: { entries: AuditEntry[]; users: User[] }) {
  return (
    <ScrollArea type="auto" viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': 'The audit log' }}>
      <Table miw={760} verticalSpacing="xs" data-testid="audit">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>When</Table.Th>
            <Table.Th>Who</Table.Th>
            <Table.Th>Did what</Table.Th>
            <Table.Th>To what</Table.Th>
            <Table.Th>From where</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {entries.map((entry) => (
            <Row key={entry.id} entry={entry} users={users} />
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea>
  );
}

function Row({ entry, users }: { entry: AuditEntry; users: User[] }) {
  const [open, setOpen] = useState(false);
  const refused = entry.status != null && entry.status >= 400;
  return (
    <Table.Tr data-testid={`audit-${entry.id}`}>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>{formatDateTime(entry.at)}</Table.Td>
      <Table.Td className="break">{actorWords(entry, users)}</Table.Td>
      <Table.Td className="break">
        {actionWords(entry.action)}{' '}
        {refused && (
          <Badge color="red" variant="light" size="sm">
            Refused
          </Badge>
        )}
      </Table.Td>
      <Table.Td className="break">{subjectWords(entry)}</Table.Td>
      <Table.Td className="break">
        {entry.ip ?? '–'}{' '}
        {(entry.user_agent ?? entry.request_id) && (
          <Button size="compact-xs" variant="subtle" onClick={() => setOpen(!open)} aria-expanded={open} aria-label={`More of entry ${entry.id}`}>
            {open ? 'Less' : 'More'}
          </Button>
        )}
        {open && (
          <Text size="xs" c="dimmed" className="break">
            {[entry.user_agent, entry.action, entry.status && `answered ${entry.status}`, entry.request_id && `request ${entry.request_id}`].filter(Boolean).join(' · ')}
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
