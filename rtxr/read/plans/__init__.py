"""What a plan says, as tables: one file per table, the plan itself in ``plan_records``."""
