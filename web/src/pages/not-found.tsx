import { Anchor } from '@mantine/core';
import { Link } from 'react-router-dom';
import { Empty, usePageTitle } from '../ui/parts';

export function NotFoundPage() {
  usePageTitle('Not found');
  return (
    <Empty title="There is no such page" order={1}>
      The address may be mistyped, or the page is gone.{' '}
      <Anchor component={Link} to="/" underline="always">
        Go to your sessions
      </Anchor>{' '}
      or{' '}
      <Anchor component={Link} to="/join" underline="always">
        join by code
      </Anchor>
      .
    </Empty>
  );
}
