"""Plans made of tables, and edited by them."""
