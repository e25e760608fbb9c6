"""What changes: accounts, sessions, claims, notes, appeals, drafts, jobs. One file per noun, a table or two each.

Knows neither HTTP nor judgement; decisions and edits are not here but in the ledger.
"""
