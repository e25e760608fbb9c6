"""What people do, with the rules that hold for it, over store, ledger and desk. One file per kind of work.

Both doors, api/ and console/, call these and nothing else: a rule is enforced here or nowhere.
"""
