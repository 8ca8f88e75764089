"""What every room may lean on: errors, problems, clock, IP sets, registry boundaries, stores.

Knows nothing of mail. Must not import any other room.
"""
