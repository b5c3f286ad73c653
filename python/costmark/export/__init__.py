"""The ledger in the forms that other tools take."""
