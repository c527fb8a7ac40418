"""The staff's pages of the community."""

from community.admin import agreements, policies

__all__ = ["agreements", "policies"]
