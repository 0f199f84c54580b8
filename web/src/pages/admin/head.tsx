/* The top of every page here, and the foot of every list. */
import { Group, Pagination, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { usePageTitle } from '../../ui/parts';
import { pagesOf } from './filter';

export function Head({ title, children }: { title: string; children?: ReactNode }) {
  usePageTitle(title);
  return (
    <Group justify="space-between">
      <Title order={1} size="h2" className="break">
        {title}
      </Title>
      <Group>{children}</Group>
    </Group>
  );
}

const pageLabel = (control: 'next' | 'previous' | 'first' | 'last') => ({ 'aria-label': `${control} page` });

interface FootProps {
  count: number;
  size: number;
  page: number;
  what: string;
  onPage(page: number): void;
}

export function Foot({ count, size, page, what, onPage }: FootProps) {
  const pages = pagesOf(count, size);
  if (pages === 1) return null;
  return (
    <Group justify="space-between">
      <Pagination total={pages} value={page + 1} onChange={(value) => onPage(value - 1)} getControlProps={pageLabel} siblings={1} />
      <Text size="sm" c="dimmed">
        {count} {what}
      </Text>
    </Group>
  );
}
