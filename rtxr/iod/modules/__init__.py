"""The modules of PS3.3 as data (edition 2026b): rows only, one file per part of the Standard."""
