"""SpamAssassin's plugins, one file each, named as theirs in lower case.

Each is thin: it reads its arguments, asks a lower room and answers. Plugins never import one another and
hold nothing about a message.
"""
