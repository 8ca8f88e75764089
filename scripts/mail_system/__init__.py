"""A mail system on loopback: Postfix, amavisd-new, pyspamd, OpenDKIM, name server and mailing lists.

It exists to see real mail go round them (`scripts/topology`); each module stands one of them up.
"""
