/* How to come into a room by phone, where it can be dialled into. */
import { Group, Text } from '@mantine/core';
import { useDialIn } from '../../api/admin';
import type { Room } from '../../api/types';
import { Copy, Problem } from '../../ui/parts';
import { Part } from './part';

export function RoomDialIn({ room }: { room: Room }) {
  const { data, error } = useDialIn(room);
  if (!room.sip_pin) return null;
  return (
    <Part title="By phone">
      {error && <Problem error={error} />}
      {data && (
        <>
          <Group gap={4}>
            <Text size="sm">{data.instructions}</Text>
            <Copy value={data.instructions} label="Copy how to come in by phone" />
          </Group>
          <dl className="facts">
            {data.numbers.map(({ country, number }) => (
              <div key={country} style={{ display: 'contents' }}>
                <dt>{country}</dt>
                <dd>{number}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </Part>
  );
}
