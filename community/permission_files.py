"""Permissions in a file of this machine."""

from pathlib import Path

from community.terraform_reading import LARGEST, Source, UnreadableError, read_tfvars, read_variables


class FileError(ValueError):
    """The file gives no permissions; its words say what to mend."""


def read_permissions(path: Path) -> Source:
    """Read variables.tf, or an export, which ends with .json. Raises: FileError."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        return (read_tfvars if path.suffix == ".json" else read_variables)(content, path.name)
    except OSError as error:
        raise FileError(f"{path} cannot be read ({error.strerror}); name variables.tf or an exported file") from error
    except UnreadableError as error:
        raise FileError(f"{path} cannot be read, nothing was changed:\n{error}") from error
