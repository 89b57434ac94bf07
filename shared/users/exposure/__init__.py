"""What every user of the templates gets by production's own design: it is reported, or closed."""
