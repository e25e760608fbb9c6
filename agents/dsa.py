"""What the DSA transparency database takes: its closed sets and the strict model of a statement (from July 2025).

Not how a statement is filled (agents.statement). Categories and keywords are in policy_store.taxonomy, because rules
map to them. Contract: JSON is `statement.model_dump(mode="json", exclude_none=True)`.
"""

import re
from datetime import date, datetime
from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from agents.pii import Found, pii
from cases.model import Fact
from policy_store.taxonomy import DsaCategory, DsaKeyword

MAX_FACTS, MAX_EXPLANATION, MAX_SHORT = 5000, 2000, 500

DecisionVisibility = Literal[
    "DECISION_VISIBILITY_CONTENT_REMOVED",
    "DECISION_VISIBILITY_CONTENT_DISABLED",
    "DECISION_VISIBILITY_CONTENT_DEMOTED",
    "DECISION_VISIBILITY_CONTENT_AGE_RESTRICTED",
    "DECISION_VISIBILITY_CONTENT_INTERACTION_RESTRICTED",
    "DECISION_VISIBILITY_CONTENT_LABELLED",
    "DECISION_VISIBILITY_OTHER",
]
DecisionMonetary = Literal["DECISION_MONETARY_SUSPENSION", "DECISION_MONETARY_TERMINATION", "DECISION_MONETARY_OTHER"]
DecisionProvision = Literal[
    "DECISION_PROVISION_PARTIAL_SUSPENSION",
    "DECISION_PROVISION_TOTAL_SUSPENSION",
    "DECISION_PROVISION_PARTIAL_TERMINATION",
    "DECISION_PROVISION_TOTAL_TERMINATION",
]
DecisionAccount = Literal["DECISION_ACCOUNT_SUSPENDED", "DECISION_ACCOUNT_TERMINATED"]
AccountType = Literal["ACCOUNT_TYPE_BUSINESS", "ACCOUNT_TYPE_PRIVATE"]
DecisionGround = Literal["DECISION_GROUND_ILLEGAL_CONTENT", "DECISION_GROUND_INCOMPATIBLE_CONTENT"]
ContentType = Literal[
    "CONTENT_TYPE_APP",
    "CONTENT_TYPE_AUDIO",
    "CONTENT_TYPE_IMAGE",
    "CONTENT_TYPE_PRODUCT",
    "CONTENT_TYPE_SYNTHETIC_MEDIA",
    "CONTENT_TYPE_TEXT",
    "CONTENT_TYPE_VIDEO",
    "CONTENT_TYPE_OTHER",
]
SourceType = Literal[
    "SOURCE_ARTICLE_16", "SOURCE_TRUSTED_FLAGGER", "SOURCE_TYPE_OTHER_NOTIFICATION", "SOURCE_VOLUNTARY"
]
AutomatedDecision = Literal[
    "AUTOMATED_DECISION_FULLY", "AUTOMATED_DECISION_PARTIALLY", "AUTOMATED_DECISION_NOT_AUTOMATED"
]
YesNo = Literal["Yes", "No"]
Country = Literal[
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT",
    "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
]  # fmt: skip
EEA: tuple[Country, ...] = get_args(Country)
EU: tuple[Country, ...] = tuple(c for c in EEA if c not in ("IS", "LI", "NO"))
LANGUAGES = frozenset(
    (
        "AA AB AE AF AK AM AN AR AS AV AY AZ BA BE BG BH BI BM BN BO BR BS CA CE CH CO CR CS CU CV CY DA DE "
        "DV DZ EE EL EN EO ES ET EU FA FF FI FJ FO FR FY GA GD GL GN GU GV HA HE HI HO HR HT HU HY HZ IA ID "
        "IE IG II IK IO IS IT IU JA JV KA KG KI KJ KK KL KM KN KO KR KS KU KV KW KY LA LB LG LI LN LO LT LU "
        "LV MG MH MI MK ML MN MR MS MT MY NA NB ND NE NG NL NN NO NR NV NY OC OJ OM OR OS PA PI PL PS PT QU "
        "RM RN RO RU RW SA SC SD SE SG SI SK SL SM SN SO SQ SR SS ST SU SV SW TA TE TG TH TI TK TL TN TO TR "
        "TS TT TW TY UG UK UR UZ VE VI VO WA WO XH YI YO ZA ZH ZU"
    ).split()
)
# What may only stand beside a certain choice, and must stand beside it where `required`.
DEPENDENT: tuple[tuple[str, str, str, bool], ...] = (
    ("decision_visibility_other", "decision_visibility", "DECISION_VISIBILITY_OTHER", True),
    ("decision_monetary_other", "decision_monetary", "DECISION_MONETARY_OTHER", True),
    ("content_type_other", "content_type", "CONTENT_TYPE_OTHER", True),
    ("illegal_content_legal_ground", "decision_ground", "DECISION_GROUND_ILLEGAL_CONTENT", True),
    ("illegal_content_explanation", "decision_ground", "DECISION_GROUND_ILLEGAL_CONTENT", True),
    ("incompatible_content_ground", "decision_ground", "DECISION_GROUND_INCOMPATIBLE_CONTENT", True),
    ("incompatible_content_explanation", "decision_ground", "DECISION_GROUND_INCOMPATIBLE_CONTENT", True),
    ("incompatible_content_illegal", "decision_ground", "DECISION_GROUND_INCOMPATIBLE_CONTENT", False),
)
DECISIONS = ("decision_visibility", "decision_monetary", "decision_provision", "decision_account")
LISTS = ("decision_visibility", "content_type", "category_addition", "category_specification", "territorial_scope")
FREE_TEXT = (
    "decision_visibility_other", "decision_monetary_other", "illegal_content_legal_ground",
    "illegal_content_explanation", "incompatible_content_ground", "incompatible_content_explanation",
    "content_type_other", "category_specification_other", "decision_facts", "source_identity",
)  # fmt: skip


def _day(value: object) -> object:
    if isinstance(value, datetime) or not isinstance(value, date | str):
        raise ValueError(f"{value!r} is no day; give a date or YYYY-MM-DD")
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError(f"{value!r} is no day; write YYYY-MM-DD")
    return value


def _language(value: str) -> str:
    if value not in LANGUAGES:
        raise ValueError(f"{value!r} is no language code of the database; give two capitals of ISO 639-1, such as EN")
    return value


Short = Annotated[str, StringConstraints(pattern=r"\S", max_length=MAX_SHORT)]
Explanation = Annotated[str, StringConstraints(pattern=r"\S", max_length=MAX_EXPLANATION)]
ContentDay = Annotated[date, BeforeValidator(_day), Field(ge=date(2000, 1, 1), le=date(2038, 1, 1))]
Day = Annotated[date, BeforeValidator(_day), Field(ge=date(2020, 1, 1), le=date(2038, 1, 1))]


class ContentId(Fact):
    """What identifies a product."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    ean_13: str = Field(alias="EAN-13", pattern=r"^[0-9]{13}$")


class Statement(Fact):
    """One statement of reasons, field by field as the database takes it; what it would drop is refused."""

    puid: str = Field(max_length=MAX_SHORT, pattern=r"^[a-zA-Z0-9_-]+$")
    decision_visibility: tuple[DecisionVisibility, ...] | None = Field(default=None, min_length=1)
    decision_visibility_other: Short | None = None
    decision_monetary: DecisionMonetary | None = None
    decision_monetary_other: Short | None = None
    decision_provision: DecisionProvision | None = None
    decision_account: DecisionAccount | None = None
    account_type: AccountType | None = None
    decision_ground: DecisionGround
    decision_ground_reference_url: str | None = Field(
        default=None, max_length=MAX_SHORT, pattern=r"^https?://[^\s/]+\S*$"
    )
    illegal_content_legal_ground: Short | None = None
    illegal_content_explanation: Explanation | None = None
    incompatible_content_ground: Short | None = None
    incompatible_content_explanation: Explanation | None = None
    incompatible_content_illegal: YesNo | None = None
    content_type: tuple[ContentType, ...] = Field(min_length=1)
    content_type_other: Short | None = None
    category: DsaCategory
    category_addition: tuple[DsaCategory, ...] | None = None
    category_specification: tuple[DsaKeyword, ...] | None = None
    category_specification_other: Short | None = None
    territorial_scope: tuple[Country, ...] = Field(min_length=1)
    content_language: Annotated[str, AfterValidator(_language)] | None = None
    content_date: ContentDay
    application_date: Day
    end_date_visibility_restriction: Day | None = None
    end_date_monetary_restriction: Day | None = None
    end_date_service_restriction: Day | None = None
    end_date_account_restriction: Day | None = None
    decision_facts: Annotated[str, StringConstraints(pattern=r"\S", max_length=MAX_FACTS)]
    source_type: SourceType
    source_identity: Short | None = None
    automated_detection: YesNo
    automated_decision: AutomatedDecision
    content_id: ContentId | None = None

    @model_validator(mode="after")
    def _decides_something(self) -> Self:
        if all(getattr(self, field) is None for field in DECISIONS):
            raise ValueError(f"nothing is decided: give one of {', '.join(DECISIONS)}")
        return self

    @model_validator(mode="after")
    def _dependent_fields_fit(self) -> Self:
        for field, chooser, choice, required in DEPENDENT:
            given, chosen = getattr(self, field) is not None, getattr(self, chooser)
            holds = choice == chosen or (isinstance(chosen, tuple) and choice in chosen)
            if required and holds and not given:
                raise ValueError(f"{field} is required with {chooser} {choice}")
            if given and not holds:
                raise ValueError(f"{field} is dropped by the database unless {chooser} is {choice}; leave it out")
        if self.source_type == "SOURCE_VOLUNTARY" and self.source_identity is not None:
            raise ValueError("source_identity is dropped by the database with SOURCE_VOLUNTARY; leave it out")
        return self

    @model_validator(mode="after")
    def _lists_and_days_make_sense(self) -> Self:
        for field in LISTS:
            values = getattr(self, field) or ()
            if len(set(values)) < len(values):
                raise ValueError(f"{field} names something twice: {list(values)}")
        for field in ("visibility", "monetary", "service", "account"):
            end = getattr(self, f"end_date_{field}_restriction")
            if end is not None and end < self.application_date:
                begun = self.application_date
                raise ValueError(f"end_date_{field}_restriction {end} is before application_date {begun}")
        return self


class Leak(Fact):
    """Personal data in a free-text field of a statement."""

    field: str
    found: Found


def leaks(statement: Statement) -> tuple[Leak, ...]:
    """Return the personal data that the lint finds in the free-text fields; it must be none before sending."""
    texts = ((name, getattr(statement, name)) for name in FREE_TEXT)
    return tuple(Leak(field=name, found=found) for name, text in texts if text for found in pii(text))
