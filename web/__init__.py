"""HTTP API and console for moderators, appeals teams and policy authors.

`store/` keeps what changes (accounts, claims, notes, appeals, drafts) in work.db; `work/` holds the acts of people with
their rules, over store, ledger and desk; `api/` and `console/` are two doors to the same acts. Decisions and edits are
the ledger's alone.
"""
