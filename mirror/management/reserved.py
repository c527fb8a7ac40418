"""What archives of others must not be served at."""

from mirror import mounts

RESERVED = mounts.RESERVED | (mounts.COMPOSER - {"packages"})  # first parts of paths
