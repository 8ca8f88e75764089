"""Forged mail: realistic and hostile messages out of a seed, for holding two readers of mail against each other."""
