import { Badge, Button, Group, Stack, Table, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useParams } from 'react-router-dom';
import { attendanceCsv, useAttendance } from '../api/queries';
import type { Model } from '../api/types';
import { DownloadIcon } from '../ui/icons';
import { Empty, Problem, Waiting } from '../ui/parts';
import { saveAs } from '../ui/save';
import { formatDateTime, formatDuration, formatTime } from '../ui/words';
import { punctuality } from './attendance-words';
import { SessionTitle } from './recordings';

async function saveCsv(sessionId: string): Promise<void> {
  saveAs(`attendance-${sessionId}.csv`, await attendanceCsv(sessionId));
}

export function AttendancePage() {
  const { id = '' } = useParams();
  const list = useAttendance(id);
  const saving = useMutation({ mutationFn: () => saveCsv(id) });
  const people = list.data?.people ?? [];
  return (
    <Stack>
      <Group justify="space-between" align="flex-end">
        <SessionTitle id={id} what="Attendance" />
        <Button
          variant="light"
          leftSection={<DownloadIcon size={16} aria-hidden />}
          onClick={() => saving.mutate()}
          loading={saving.isPending}
          disabled={people.length === 0}
          data-testid="csv"
        >
          Download as CSV
        </Button>
      </Group>
      {saving.error && <Problem error={saving.error} />}
      {list.isPending && <Waiting what="Loading the attendance" />}
      {list.error && <Problem error={list.error} retry={() => void list.refetch()} />}
      {list.data && people.length === 0 && (
        <Empty title="Nobody was here yet">As soon as somebody is in the call, they appear here with the times of their stay.</Empty>
      )}
      {people.length > 0 && <People people={people} />}
    </Stack>
  );
}

function People({ people }: { people: Model<'attendance_person'>[] }) {
  return (
    <Table.ScrollContainer minWidth={300}>
      <Table verticalSpacing="sm" data-testid="attendance">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th>Stays</Table.Th>
            <Table.Th>In all</Table.Th>
            <Table.Th>Late, early</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {people.map((person) => (
            <Table.Tr key={person.identity}>
              <Table.Td className="break" style={{ verticalAlign: 'top' }}>
                {person.name || person.identity}
                <Text size="xs" c="dimmed">
                  {person.role}
                  {person.user_id == null && ', guest'}
                </Text>
              </Table.Td>
              <Table.Td style={{ verticalAlign: 'top' }}>
                {person.spans.map((span) => (
                  <Stay key={span.joined_at} span={span} />
                ))}
              </Table.Td>
              <Table.Td style={{ verticalAlign: 'top', whiteSpace: 'nowrap' }}>{formatDuration(person.total_seconds)}</Table.Td>
              <Table.Td style={{ verticalAlign: 'top' }} data-testid={`judged-${person.identity}`}>
                {punctuality(person).map((words) => (
                  <Text key={words} size="sm">
                    {words}
                  </Text>
                ))}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Stay({ span }: { span: Model<'attendance_span'> }) {
  return (
    <Group gap="xs">
      <Text size="sm">
        <time dateTime={span.joined_at} title={formatDateTime(span.joined_at)}>
          {formatTime(span.joined_at)}
        </time>
        {' – '}
        {span.left_at && (
          <time dateTime={span.left_at} title={formatDateTime(span.left_at)}>
            {formatTime(span.left_at)}
          </time>
        )}
      </Text>
      {!span.left_at && (
        <Badge size="sm" color="green" variant="light">
          in now
        </Badge>
      )}
    </Group>
  );
}
