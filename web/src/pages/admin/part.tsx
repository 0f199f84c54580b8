import { Card, Group, Title } from '@mantine/core';
import type { ReactNode } from 'react';

/** A part of a page, in a frame with a heading; `side` stands beside the heading. */
export function Part({ title, children, side }: { title: string; children: ReactNode; side?: ReactNode }) {
  return (
    <Card withBorder component="section" aria-label={title}>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h4">
          {title}
        </Title>
        {side}
      </Group>
      {children}
    </Card>
  );
}
