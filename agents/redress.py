"""Where somebody may turn who does not agree: out-of-court bodies and courts, by country. Not legal advice.

Only what is public and lasts is named: who certifies out-of-court bodies (the Digital Services Coordinator of the
country, Articles 21 and 49 of the DSA) and which courts take such claims. A country that is not here leaves the line
open, for a person to fill.
"""

from typing import NamedTuple

from agents.notice import PLACEHOLDER


class Redress(NamedTuple):
    """Who certifies the bodies of a country, and its courts, each as the end of a sentence."""

    body: str
    court: str


_ADVICE = "a lawyer or a consumers' association can advise you"
COUNTRIES: dict[str, Redress] = {
    "AT": Redress("KommAustria lists those in Austria", f"a civil court in Austria; {_ADVICE}"),
    "DE": Redress("the Bundesnetzagentur lists those in Germany", f"the Amtsgericht or Landgericht; {_ADVICE}"),
    "ES": Redress("the CNMC lists those in Spain", f"a civil court in Spain; {_ADVICE}"),
    "FR": Redress("Arcom lists those in France", f"the tribunal judiciaire; {_ADVICE}"),
    "IE": Redress("Coimisiún na Meán lists those in Ireland", "a court in Ireland; a solicitor can advise you"),
    "IT": Redress("AGCOM lists those in Italy", f"a civil court in Italy; {_ADVICE}"),
    "NL": Redress("the ACM lists those in the Netherlands", f"the rechtbank; {_ADVICE}"),
}
UNKNOWN = Redress(PLACEHOLDER, PLACEHOLDER)


def redress(country: str | None) -> Redress:
    """Return where to turn in a country; what is not known is a placeholder."""
    return COUNTRIES.get(country or "", UNKNOWN)
