"""The conformance statement: what is written and read, for people."""
