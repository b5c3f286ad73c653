"""Everything that one running emulator holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..auth.authenticator import Authenticator
from ..auth.issued_credentials import Issuer
from ..policy.authorizer import Authorizer
from .clock import Clock
from .faults import Faults
from .ids import Ids
from .projects import ProjectStore
from .prompt_cache import PromptCache
from .records import Records
from .stored_responses import StoredResponses

if TYPE_CHECKING:
    from ..settings import Settings


class State:
    """The emulator's memory; it is used on one event loop only."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.ids = Ids(settings.seed)
        self.clock = Clock(settings.now)
        self.issuer = Issuer(settings.now)
        # By the access key that was issued: role and session, and the account of the role.
        self.roles: dict[str, str] = {}
        self.role_accounts: dict[str, str] = {}
        self.authenticator = Authenticator(settings, settings.now, issuer=self.issuer)
        self.authorizer = Authorizer(settings)
        self.projects = ProjectStore(settings, self.ids, self.clock)
        # Whether the planes have the same projects is not known of AWS.
        self.bedrock_projects = (
            ProjectStore(settings, self.ids, self.clock)
            if settings.separate_planes
            else self.projects
        )
        self.records = Records(settings)
        self.faults = Faults()
        self.prompts = PromptCache()
        self.responses = StoredResponses()
        self.retention = "inherit"
        self.retention_updated_at = int(settings.now())

    def account_of(self, access_key_id: str | None) -> str:
        """The account that a caller is of; who assumed no role is of the emulator's own."""
        return self.role_accounts.get(access_key_id or "", self.settings.account)

    def now(self) -> float:
        """The emulator's time."""
        return self.clock()
