"""The Standard as data: IODs, modules, attributes, and the rules that build and check them."""
