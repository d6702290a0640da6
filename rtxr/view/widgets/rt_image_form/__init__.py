"""The form that makes RT Images, with files up and down."""
