"""What moto does not do, patched into it."""
