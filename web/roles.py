"""Who may do what: the one table of roles, scopes and permissions. It knows nobody."""

from typing import Literal

from web.store.accounts import Role
from web.store.keys import Scope

Permission = Literal[
    "moderate",  # have content judged
    "read",  # read cases with their content, decisions and explanations
    "review",  # claim, decide, override, note, escalate
    "appeals.read",
    "appeals.decide",
    "policies.read",
    "policies.write",  # drafts, tests, impact
    "policies.publish",  # a second author's act
    "statements",
    "metrics",
    "administer",
]
OF_ROLE: dict[Role, frozenset[Permission]] = {
    "moderator": frozenset({"moderate", "read", "review", "policies.read", "metrics"}),
    "appeals": frozenset(
        {"moderate", "read", "appeals.read", "appeals.decide", "policies.read", "statements", "metrics"}
    ),
    "author": frozenset({"moderate", "read", "policies.read", "policies.write", "policies.publish", "metrics"}),
    "admin": frozenset(
        {"moderate", "read", "review", "appeals.read", "appeals.decide", "policies.read", "policies.write",
         "policies.publish", "statements", "metrics", "administer"}
    ),
    "service": frozenset({"moderate"}),
}  # fmt: skip
OF_SCOPE: dict[Scope, frozenset[Permission]] = {
    "moderate": frozenset({"moderate"}),
    "read": frozenset({"read", "policies.read"}),
    "review": frozenset({"read", "review"}),
    "appeals": frozenset({"appeals.read", "appeals.decide", "statements"}),
    "policies": frozenset({"policies.read", "policies.write"}),
    "metrics": frozenset({"metrics"}),
}
