"""Pictures: pure drawing functions, and widgets as thin shells around them."""
