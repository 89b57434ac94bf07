"""The record of one restore: what is stored of it, and the questions it answers."""
