"""The conductor: assemble, climb the priorities, resolve metas, form the verdict, report and rewrite.

Knows the order of things. Must not know sockets or command lines.
"""
