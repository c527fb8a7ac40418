"""What can go wrong with Discord.

DiscordError
├── DiscordBusyError         asks us to wait longer than a task should; try again after `seconds`
├── DiscordUnreachableError  no answer, or none that Discord would give; try again later
└── DiscordRefusedError      a definite no, with Discord's own code
    ├── NotAllowedError      the bot's token or its rights are wrong; a person has to mend that
    ├── UnknownError         the invitation, member, role or channel is not there
    ├── TooManyInvitesError  the server has as many invitations as Discord allows
    └── BannedError          the account is banned from the server

No message holds a token or the code of an invitation.
"""


class DiscordError(Exception):
    """Something did not work; nothing is known to have changed on Discord."""


class DiscordBusyError(DiscordError):
    """Discord asks to wait."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"Discord asks to wait for {seconds:.1f} s; try again then")


class DiscordUnreachableError(DiscordError):
    """Discord did not answer as it does."""


class DiscordRefusedError(DiscordError):
    """Discord said no."""

    def __init__(self, what: str, status: int, code: int) -> None:
        self.status, self.code = status, code
        super().__init__(f"{what} (Discord answered {status}, code {code})")


class NotAllowedError(DiscordRefusedError):
    """The bot may not do that."""


class UnknownError(DiscordRefusedError):
    """What was named is not there."""


class TooManyInvitesError(DiscordRefusedError):
    """There are too many invitations."""


class BannedError(DiscordRefusedError):
    """The account is banned."""
