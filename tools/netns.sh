#!/bin/sh
# netns.sh COMMAND…: runs COMMAND in a network namespace of its own: loopback, and a pair of interfaces for media (198.18.0.1), so
# that no packet can leave the box. As root, or where unprivileged user namespaces are allowed.
set -e
if [ "$1" != --inside ]; then
  [ "$(id -u)" = 0 ] && exec unshare -n "$0" --inside "$@"
  exec unshare -rn "$0" --inside "$@"
fi
shift
ip link set lo up
ip link add media0 type veth peer name media1
ip addr add 198.18.0.1/30 dev media0
ip link set media0 up
ip link set media1 up
exec "$@"
