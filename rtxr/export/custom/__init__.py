"""Users' own export code: registered tables and functions, and the hook before saving."""
