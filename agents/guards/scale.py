"""The one table that turns what a guard says in words into probabilities. Ours, and not measured.

| said                                     | rules it names   | rules it leaves out | rules it has no word for |
|------------------------------------------|------------------|---------------------|--------------------------|
| unsafe                                   | 0.9              | 0.1                 | 0.5                      |
| controversial: strict and lenient differ | 0.5              | 0.1                 | 0.5                      |
| safe                                     | -                | 0.1                 | 0.5                      |
| violation, sure: high / medium / low     | 0.9 / 0.75 / 0.6 | 0.1 / 0.25 / 0.4    | -                        |
| no violation, sure: high / medium / low  | -                | 0.1 / 0.25 / 0.4    | -                        |

They stay off the ends, because a word is no calibrated probability: under the cautious cuts for rankers that nobody
calibrated, none of them acts or clears by itself. A fixed taxonomy that has no word for a rule did not look at it, so
its "safe" clears nothing there. Where a guard's first token can be weighed, its own odds stand instead of this table.
"""

UNSAFE = 0.9
CONTROVERSIAL = 0.5
SAFE = 0.1
UNKNOWN = 0.5
# A guard was trained to begin with one of its two words: with more than this on others it is not asked in its format.
MOST_OUTSIDE = 0.5
CONFIDENCE = {"high": UNSAFE, "medium": 0.75, "low": 0.6}
